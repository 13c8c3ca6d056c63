"""GPUs, on a machine made up of a program that says which cards there are: each worker owns its place, and keeps it."""

import os
import platform
import time

import pytest

from pipeline.core import machine
from pipeline.core.errors import BadInput
from pipeline.core.executor import kind, run_all
from pipeline.training.device import device

LISTED = "0, GPU-aa, Made Card 9\n1, GPU-bb, Made Card 9\n"


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """A function that makes a machine of the cards in a list like nvidia-smi's."""

    def make(text):
        program = tmp_path / "nvidia-smi"
        (tmp_path / "cards").write_text(text)
        program.write_text(f"#!/bin/sh\ncat {tmp_path}/cards\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    monkeypatch.delenv(machine.VISIBLE, raising=False)
    return make


def at_once(job):
    """Where this job ran: its number, the process and the cards that it sees. It ends when all four run, each in a process."""
    number, begun = job
    (begun / str(number)).touch()
    while len(list(begun.iterdir())) < 4:
        time.sleep(0.01)
    return number, os.getpid(), os.environ.get(machine.VISIBLE)


@pytest.mark.parametrize(
    ("share", "places"), [("1", ["0", "1"]), ("0.5", ["0", "1", "0", "1"]), ("0.4", ["0", "1", "0", "1"]), ("0", [])]
)
def test_a_share_says_how_many_workers_a_card_holds(share, places, listed, monkeypatch):
    listed(LISTED)
    monkeypatch.setenv(machine.SHARE, share)
    assert machine.places() == places


def waits_for_all_others(job):
    """As at_once; the first job ends when the eleven others have, which a free worker must therefore take."""
    number, done = job
    (done / str(number)).touch()
    while number == 0 and len(list(done.iterdir())) < 12:
        time.sleep(0.01)
    return number, os.getpid(), os.environ.get(machine.VISIBLE)


def test_every_worker_owns_one_card_and_takes_the_next_job_when_it_is_free(listed, monkeypatch, tmp_path):
    listed(LISTED)
    monkeypatch.setenv("SAC_JOBS", "9")
    (tmp_path / "done").mkdir()
    seen = list(run_all(waits_for_all_others, [(number, tmp_path / "done") for number in range(12)], "placing"))
    owned = {process: card for _, process, card in seen}
    assert sorted(owned.values()) == ["0", "1"]
    assert all(owned[process] == card for _, process, card in seen)
    slow = next(process for number, process, _ in seen if number == 0)
    assert [number for number, process, _ in seen if process == slow] == [0]


def test_shares_put_several_workers_on_a_card(listed, monkeypatch, tmp_path):
    listed(LISTED)
    monkeypatch.setenv(machine.SHARE, "0.5")
    (tmp_path / "begun").mkdir()
    seen = list(run_all(at_once, [(number, tmp_path / "begun") for number in range(4)], "placing"))
    assert sorted({process: card for _, process, card in seen}.values()) == ["0", "0", "1", "1"]


def test_only_cards_that_are_visible_are_used(listed, monkeypatch):
    listed(LISTED)
    monkeypatch.setenv(machine.VISIBLE, "GPU-bb")
    assert machine.cards() == [machine.Card("GPU-bb", "Made Card 9")]
    monkeypatch.setenv(machine.VISIBLE, "")
    assert machine.cards() == [] and device().type == "cpu"


def test_the_kind_names_the_cards_model_and_whether_kernels_are_deterministic(listed, monkeypatch):
    listed(LISTED)
    assert kind() == "Made Card 9"
    monkeypatch.setenv(machine.DETERMINISTIC, "1")
    assert kind() == "Made Card 9, deterministic"
    monkeypatch.setenv(machine.SHARE, "0")
    assert kind().startswith("cpu ")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("vendor_id\t: AuthenticAMD\nflags\t\t: fpu avx512f\n", "cpu AuthenticAMD"),
        ("vendor_id\t: GenuineIntel\nflags\t\t: fpu avx512_bf16 amx_tile\n", "cpu GenuineIntel, bf16"),
        ("CPU implementer : 0x41\n", f"cpu {platform.machine()}"),
    ],
)
def test_the_kind_names_the_processors_maker_and_whether_it_multiplies_bf16(said, expected, tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text(said)
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setenv(machine.SHARE, "0")
    assert kind() == expected
    monkeypatch.setenv(machine.BF16, "0")
    assert kind() == expected.removesuffix(machine.TOO_BF16)


def test_cards_of_several_models_are_refused_until_one_is_chosen(listed, monkeypatch):
    listed("0, GPU-aa, Made Card 9\n1, GPU-bb, Made Card 10\n")
    with pytest.raises(BadInput, match=r"cards of several models: Made Card 10, Made Card 9; set CUDA_VISIBLE_DEVICES"):
        kind()
    monkeypatch.setenv(machine.VISIBLE, "1")
    assert kind() == "Made Card 10"


@pytest.mark.parametrize("value", ["half", "-1", "2", "nan"])
def test_a_wrong_share_is_refused(value, monkeypatch):
    monkeypatch.setenv(machine.SHARE, value)
    with pytest.raises(BadInput, match="SAC_GPU_SHARE: expected a number from 0"):
        machine.cards()


def test_a_wrong_setting_of_kernels_is_refused(listed, monkeypatch):
    listed(LISTED)
    monkeypatch.setenv(machine.DETERMINISTIC, "yes")
    with pytest.raises(BadInput, match="SAC_DETERMINISTIC: expected 0 or 1"):
        kind()
