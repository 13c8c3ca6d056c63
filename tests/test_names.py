"""Names are identifiers: nobody's params.yaml runs a command, and what is senseless stops before anything is trained."""

import subprocess
from copy import deepcopy

import pytest
import yaml

from pipeline.core.errors import BadInput
from pipeline.wiring.check import check_params
from tests import scratch
from tests.imports import ROOT
from tests.repository import environment, prepared

pytestmark = pytest.mark.slow  # the real dvc

TEXT = (ROOT / "params.yaml").read_text()
EVIL = "x; touch PWNED; #"


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """What `check_params` says of a params.yaml, text or bytes; it must be one line."""
    monkeypatch.chdir(tmp_path)

    def check(content):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "params.yaml").write_bytes(data)
        with pytest.raises(BadInput) as error:
            check_params()
        assert "\n" not in str(error.value) and len(str(error.value)) < 600
        return str(error.value)

    return check


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A scratch repository that nothing was run in."""
    return prepared(tmp_path_factory.mktemp("names"))


@pytest.mark.parametrize(
    ("section", "words"),
    [("task", "repro"), ("attacks", "repro"), ("probes", "repro"), ("task", "repro --keep-going"), ("task", "exp run")],
)
def test_a_name_runs_no_command(folder, section, words):
    params = scratch.tiny_params()
    params[section][EVIL] = deepcopy(params[section][scratch.TASK]) if section == "task" else {}
    if section == "task":
        params["tasks"] = [EVIL]
    scratch.write_params(folder, params)
    done = subprocess.run(["dvc", *words.split()], cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode != 0 and "touch PWNED" in done.stdout + done.stderr
    assert not list(folder.rglob("PWNED*"))
    assert not [path for path in folder.glob("artifacts/**/*") if path.is_file() and path.name != ".gitignore"]
    assert "git checkout params.yaml" in done.stdout + done.stderr
    scratch.git(folder, "checkout", "-q", "--", ".")


@pytest.mark.parametrize("name", [EVIL, "tiny-2", "Tiny", "2tiny", "../a", "a b", "${tasks}", "ä", "a\tb", "'", 61 * "x"])
@pytest.mark.parametrize("section", ["task", "attacks", "second_attacks", "probes", "comparisons"])
def test_a_name_is_an_identifier(refused, section, name):
    tree = yaml.safe_load(TEXT)
    tree[section][name] = {}
    assert refused(yaml.safe_dump(tree)).startswith(f"params.yaml: {section}")


@pytest.mark.parametrize("key", ["1", "null", "true", "1.5", "[a, b]", "2024-01-01", "~"])
@pytest.mark.parametrize("section", ["task", "attacks", "probes", "comparisons", "table"])
def test_a_key_is_a_name(refused, section, key):
    said = refused(TEXT.replace(f"\n{section}:\n", f"\n{section}:\n  {key}: {{}}\n", 1))
    assert said.startswith("params.yaml: line ") and "expected names as keys" in said


@pytest.mark.parametrize("row", ["<script>", "a|b", "a`b", "a\\b", "two\nlines", "", "x" * 121])
def test_the_name_of_a_row_is_one_printable_line(refused, row):
    tree = yaml.safe_load(TEXT)
    tree["table"][row] = {"method": "jpeg"}
    assert refused(yaml.safe_dump(tree)).startswith("params.yaml: table")


def changed(old, new):
    assert old in TEXT
    return TEXT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (TEXT.encode("utf-16"), "params.yaml: not UTF-8"),
        (changed("FashionMNIST, 2,000", "Fäshion").encode("latin-1"), "params.yaml: not UTF-8"),
        (b"\x00" * 50, "not YAML"),
        (
            "a: &a [x, x]\n"
            + "".join(
                f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
                for a, b in zip("abcdefghijklmno", "bcdefghijklmnop", strict=True)
            ),
            "line 1: an anchor",
        ),
        (changed("  fashion_mini:\n", "  fashion_mini: &mini\n"), "like: NAME"),
        ("a: " + "[" * 100_000, "nested more than"),
        ("x" * 2_000_000, "expected at most"),
        (changed("counts:\n", "probes: {}\ncounts:\n"), "the file has 'probes' twice, first in line"),
        (changed("    seeds: 2\n", "    seeds: 2\n    seeds: 3\n"), "task.fashion_mini has 'seeds' twice"),
        (changed("counts:\n", "count:\n"), "unknown section 'count': did you mean 'counts'"),
        (changed("\ncomparisons:\n", "\ncomparison:\n"), "unknown section 'comparison': did you mean 'comparisons'"),
        (changed("counts:\n", "extra: 1\ncounts:\n"), "unknown section 'extra'"),
        (changed("- fashion_mini\n", "").replace("tasks:\n", "tasks: []\n"), "tasks: .*at least 1"),
        (changed("- fashion_mini\n", "- fashion_mini\n- digits\n- fashion_mini\n"), "tasks: expected no value twice"),
        (changed("tasks:\n- fashion_mini\n", "tasks: digits\n"), "tasks: expected a list, found 'digits': .*with the brackets"),
        (changed("tasks:\n- fashion_mini\n", "tasks:\n"), "tasks: expected a list, found None"),
        (changed("{copies: 4}", "null"), "attacks.irrelevant_transfer: .*found null"),
        (changed("\n  finetune_all:", "\n  finetun_all:"), "params.yaml: attacks.finetun_all: .*did you mean 'finetune_all'"),
        (changed("batch: 128, rate: 0.1", "batch: 128, rate: .inf"), "recipe.rate: .*finite number"),
        (changed("batch: 128, rate: 0.1", "batch: 128, rate: .nan"), "recipe.rate: .*finite number"),
        (changed("epochs: 20,", "epochs: 1000000000000000000000000000000,"), "recipe.epochs: .*less than or equal"),
        (changed("    seeds: 2\n", f"    seeds: {10**30}\n"), "seeds: .*less than or equal"),
        (changed("    seeds: 2\n", "    seeds: -1\n"), "seeds: .*greater than or equal"),
        (
            changed("    count: 150\n    seed: 0\n", "    count: 150\n    seed: -1\n"),
            "probes.augmented.seed: .*greater than or equal",
        ),
        (changed("accuracy: 1000, seed: 2}", "accuracy: 1000, seed: -2}"), "split.seed: .*greater than or equal"),
        (
            changed("{source_class: 8, target_class: 0}", "{source_class: 99, target_class: 0}").replace(
                "- fashion_mini\n", "- fashion_mini_ewe\n", 1
            ),
            "watermark.source_class: fashion_mini has the classes 0 to 9, found 99",
        ),
        (
            changed("{source_class: 8, target_class: 0}", "{source_class: 8, target_class: 8}").replace(
                "- fashion_mini\n", "- fashion_mini_ewe\n", 1
            ),
            "are both 8",
        ),
        (
            changed("defender: 2000, query: 1000", "defender: 3000, query: 1000"),
            "split: 7,000 train images asked for .*has 5,000",
        ),
        (changed("pool: 3000, accuracy: 1000", "pool: 3000, accuracy: 1001"), "split: 4,001 test images asked for .*has 4,000"),
        (
            changed("{data: digits, train: 1000,", "{data: digits, train: 1300,"),
            "transfer: 1,300 train images asked for, digits has 1,200",
        ),
        (changed("pool: 3000,", "pool: 100,"), "split.pool: 100 images, of which probes.augmented needs at least 150"),
        (
            changed("    like: emotion\n", "    like: emotoin\n"),
            "emotion_views.like: unknown task 'emotoin': did you mean",
        ),
        (changed("  fashion_mini:\n", "  fashion_mini:\n    like: cifar10\n"), "like: .*a circle"),
        (
            changed("title: FashionMNIST, 2,000 images a half, slim networks\n", "title: <b>bold</b>\n"),
            "title: expected one line of",
        ),
    ],
    ids=lambda part: "content" if len(part) > 200 else None,
)
def test_what_is_senseless_stops_in_one_line(refused, content, says):
    import re

    said = refused(content)
    assert re.search(says, said), said


def test_a_folder_in_place_of_the_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").mkdir()
    with pytest.raises(BadInput, match=r"params.yaml: not a file"):
        check_params()


def test_the_home_folder_may_be_written_short(monkeypatch, tmp_path):
    from pipeline.data import data_folder

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SAC_DATA", "~/images")
    assert data_folder() == tmp_path / "images"


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    from pipeline.core.files import write_text

    (tmp_path / "taken").write_text("a file")
    with pytest.raises(BadInput, match=r"taken/inside/it.txt: cannot be written"):
        write_text(tmp_path / "taken/inside/it.txt", "")
