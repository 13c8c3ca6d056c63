"""The snapshots that the repository carries: whole, small enough, and without an image that may not be shown."""

import pytest
import yaml

from pipeline.publish.remote import REMOTE, published
from pipeline.publish.snapshot import read_snapshot
from pipeline.publish.sums import check_sums, covered, read_sums
from tests.imports import ROOT

TASKS = sorted(pointer.stem for pointer in (ROOT / "snapshots").glob("*.dvc"))
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("task", TASKS)
def test_a_snapshot_is_whole_and_small(task):
    sizes = [len(data) for data in read_snapshot(task).files.values()]
    assert sum(sizes) <= 8_000_000 and max(sizes) <= 5_000_000
    assert (ROOT / f"reports/{task}/tables/main.csv").exists()


@pytest.mark.parametrize("task", TASKS)
def test_no_image_is_published_that_may_not_be_shown(task):
    snapshot = read_snapshot(task)
    shown = yaml.safe_load(snapshot.files["params.yaml"])["task"][task]["show_probes"]
    assert any(name.endswith("examples.parquet") for name in snapshot.files) == shown
    assert not [name for name in snapshot.files if "probes.parquet" in name or name.endswith((".png", ".safetensors"))]


def test_the_remote_is_not_large():
    assert sum(path.stat().st_size for path in REMOTE.rglob("*") if path.is_file()) <= 40_000_000
    assert published() == TASKS


def test_every_committed_file_has_its_sum():
    sums, wrong = read_sums()
    assert not wrong.differences and not check_sums(sums).differences
    assert set(sums) == set(map(str, covered()))
