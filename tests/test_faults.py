"""A few faults of each quick kind, drawn from one seed: all recovered or refused in one line."""

from collections import Counter

import pytest

from benchmarks.faults import KINDS, inject, summary
from benchmarks.injection.judging import RECOVERED, REFUSED, is_one_line
from benchmarks.injection.world import Draw, Ended, World, import_all

QUICK = ["artifact", "store", "text", "names", "model", "lock"]


@pytest.fixture(scope="module")
def world(repository, tmp_path_factory):
    import_all()
    return World(repository.folder, tmp_path_factory.mktemp("faults") / "scratch")


@pytest.mark.parametrize("kind", QUICK)
def test_a_few_faults_end_well(world, kind):
    found = inject(world, [kind], seed=1, seconds=60, most=2)
    assert len(found) == 2
    assert not [fault for _, _, fault in found if fault.outcome not in (RECOVERED, REFUSED)]


def test_a_fault_can_be_drawn_again():
    draws = [[Draw(3, "kill", number).below(10**9) for number in range(5)] for _ in range(2)]
    assert draws[0] == draws[1] and len(set(draws[0])) == 5


def test_the_table_counts_every_fault(world):
    found = inject(world, ["text"], seed=2, seconds=30, most=3)
    rows = summary(found, 2, 0.5).splitlines()
    assert rows[-1].startswith("| all | | 3 |") and sum(Counter(kind for kind, _, _ in found).values()) == 3
    assert all(function.__doc__ for function, _ in KINDS.values())


@pytest.mark.parametrize(
    ("code", "said", "right"),
    [
        (1, "Error: no such file\n", True),
        (2, "Usage: sac\n\nError: no such option\n", True),
        (1, "Error: a\nError: b\n", False),
        (1, "Traceback (most recent call last):\nError: a\n", False),
        (-9, "Error: a\n", False),
        (1, "", False),
    ],
)
def test_one_line_is_one_line(code, said, right):
    assert is_one_line(Ended(code, said, 0.0)) is right
