"""The snapshots that the repository carries: whole, small enough, and without an image that may not be shown."""

import hashlib
import json

import pytest
import yaml

from tests.imports import ROOT

SNAPSHOTS = ROOT / "snapshots"
TASKS = sorted(pointer.stem for pointer in SNAPSHOTS.glob("*.dvc"))
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def stored(md5):
    return SNAPSHOTS / "remote/files/md5" / md5[:2] / md5[2:]


def listing(task):
    """The objects of a snapshot by the file they hold."""
    whole = yaml.safe_load((SNAPSHOTS / f"{task}.dvc").read_text())["outs"][0]["md5"]
    return {entry["relpath"]: stored(entry["md5"]) for entry in json.loads(stored(whole).read_text())}


@pytest.mark.parametrize("task", TASKS)
def test_a_snapshot_is_whole_and_small(task):
    objects = listing(task)
    sums = dict(reversed(line.split("  ")) for line in (SNAPSHOTS / f"{task}.sha256").read_text().splitlines())
    assert {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in objects.items()} == sums
    assert sum(file.stat().st_size for file in objects.values()) <= 8_000_000
    assert max(file.stat().st_size for file in objects.values()) <= 5_000_000
    assert (ROOT / f"reports/{task}/tables/main.csv").exists()


@pytest.mark.parametrize("task", TASKS)
def test_no_image_is_published_that_may_not_be_shown(task):
    images = [name for name in listing(task) if name.endswith("examples.parquet")]
    assert bool(images) == PARAMS["benchmarks"][task]["show_probes"]
    assert not [name for name in listing(task) if "probes.parquet" in name or name.endswith((".png", ".safetensors"))]


def test_the_remote_holds_the_snapshots_and_nothing_else():
    whole = {stored(yaml.safe_load(pointer.read_text())["outs"][0]["md5"]) for pointer in SNAPSHOTS.glob("*.dvc")}
    named = whole.union(*(listing(task).values() for task in TASKS))
    found = [path for path in (SNAPSHOTS / "remote").rglob("*") if path.is_file()]
    assert set(found) == named
    assert sum(path.stat().st_size for path in found) <= 40_000_000
