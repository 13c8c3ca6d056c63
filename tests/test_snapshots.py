"""The snapshots that the repository carries: whole, small enough, and without an image that may not be shown."""

import json

import pytest
import yaml

from pipeline.publish.remote import REMOTE, published
from pipeline.publish.snapshot import read_snapshot
from pipeline.publish.sums import check_sums, covered, read_sums
from pipeline.tasks.task import parts_of
from tests.imports import ROOT

TASKS = sorted(pointer.stem for pointer in (ROOT / "snapshots").glob("*.dvc"))


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
    shown = parts_of(task)["show_probes"]
    assert any(name.endswith("examples.parquet") for name in snapshot.files) == shown
    assert not [name for name in snapshot.files if "probes.parquet" in name or name.endswith((".png", ".safetensors"))]


def test_the_remote_holds_the_snapshots_and_nothing_else():
    found = [path for path in REMOTE.rglob("*") if path.is_file()]
    assert set(found) == {path for task in TASKS for path in objects(task)}
    assert sum(path.stat().st_size for path in found) <= 60_000_000
    assert published() == TASKS


def objects(task):
    """What a pointer names: the listing of a snapshot, and the objects in it."""
    whole = stored(yaml.safe_load((ROOT / f"snapshots/{task}.dvc").read_text())["outs"][0]["md5"])
    return {whole, *(stored(entry["md5"]) for entry in json.loads(whole.read_text()))}


def stored(md5):
    return REMOTE / "files/md5" / md5[:2] / md5[2:]


def test_every_committed_file_has_its_sum():
    sums, wrong = read_sums()
    assert not wrong.differences and not check_sums(sums).differences
    assert set(sums) == set(map(str, covered()))
