"""Publishing and review with the real dvc: a stranger's clone, and everything that must make its review fail."""

import json
import shutil

import pytest
import yaml

from tests import scratch
from tests.repository import clone, dvc, ran, sac

TASK = scratch.TASK


@pytest.fixture(scope="module")
def published(repository, tmp_path_factory):
    """A repository whose run is published and committed."""
    folder = tmp_path_factory.mktemp("published") / "repository"
    shutil.copytree(repository.folder, folder)
    for words in (("index",), ("publish", TASK)):
        done = sac(folder, *words)
        assert done.returncode == 0, done.stderr
    scratch.git(folder, "add", "-A")
    scratch.git(folder, "commit", "-qm", "published")
    return folder


@pytest.fixture
def reviewer(published, tmp_path):
    """A fresh clone."""
    return clone(published, tmp_path / "clone")


@pytest.fixture
def pulled(reviewer):
    """A fresh clone with the snapshot pulled."""
    dvc(reviewer, "pull", f"snapshots/{TASK}.dvc")
    return reviewer


def refused(folder):
    """The one line that a failed review ends in."""
    done = sac(folder, "review")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_a_stranger_recomputes_everything_and_trains_nothing(reviewer):
    done = sac(reviewer, "review")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("review passed: 1 runs, ")
    assert int(done.stdout.split(", ")[1].split()[0].replace(",", "")) > 10_000
    assert not (reviewer / ".zoo").exists() and not (reviewer / "artifacts").exists()


def test_a_snapshot_holds_what_the_run_recorded(pulled, published):
    folder = pulled / "snapshots" / TASK
    assert yaml.safe_load((folder / "params.yaml").read_text()) == scratch.tiny_params()
    lock = yaml.safe_load((published / "dvc.lock").read_text())["stages"]
    assert yaml.safe_load((folder / "lock.yaml").read_text())["stages"] == {
        name: entry for name, entry in lock.items() if name != "check"}
    for part in ("scores.parquet", "outputs/augmented.parquet", "records/prune.json", "probes/augmented/facts.json"):
        assert (folder / part).read_bytes() == (published / "artifacts" / TASK / part).read_bytes()


def test_images_are_published_only_where_they_may_be_shown(published, tmp_path):
    assert (published / f"snapshots/{TASK}/probes/augmented/examples.parquet").exists()
    assert not list((published / f"snapshots/{TASK}").rglob("probes.parquet"))
    folder = tmp_path / "repository"
    shutil.copytree(published, folder)
    params = scratch.tiny_params()
    params["benchmarks"][TASK]["show_probes"] = False
    scratch.write_params(folder, params)
    assert f"report@{TASK}" in ran(dvc(folder, "repro"))
    assert sac(folder, "publish", TASK).returncode == 0
    assert not list((folder / "snapshots").rglob("examples.parquet"))
    named = {entry["relpath"] for listing in (folder / "snapshots/remote").rglob("*.dir")
             for entry in json.loads(listing.read_text())}
    assert not [name for name in named if name.endswith("examples.parquet")], "an old object stayed in the remote"


def test_a_flipped_byte_in_the_remote_is_named(reviewer):
    flip(stored(reviewer, "outputs/augmented.parquet"))
    assert "not the bytes that its name says; it holds outputs/augmented.parquet" in refused(reviewer)


def test_a_missing_object_of_the_remote_is_named(reviewer):
    stored(reviewer, "outputs/augmented.parquet").unlink()
    assert "missing from the remote; it holds outputs/augmented.parquet" in refused(reviewer)


def test_a_damaged_remote_is_found_even_when_all_is_pulled(pulled):
    stored(pulled, "scores.parquet").unlink()
    assert "missing from the remote; it holds scores.parquet" in refused(pulled)


def test_a_report_without_a_snapshot_leaves_the_overview_out(pulled):
    shutil.copytree(pulled / f"reports/{TASK}", pulled / "reports/other")
    done = sac(pulled, "review")
    assert done.returncode == 0 and "not compared: the page and tables over all tasks, which also show other" in done.stdout


def test_a_flipped_byte_after_the_pull_is_named(pulled):
    flip(pulled / f"snapshots/{TASK}/outputs/misclassified.parquet")
    assert f"snapshots/{TASK}/outputs/misclassified.parquet: not the published bytes" in refused(pulled)


def test_a_missing_output_is_named(pulled):
    (pulled / f"snapshots/{TASK}/outputs/boundary.parquet").unlink()
    assert f"snapshots/{TASK}/outputs/boundary.parquet: missing" in refused(pulled)


def test_all_that_was_edited_or_lost_is_named(pulled):
    """One review names every cell: an edited number, an edited title, and each part of the report that is gone."""
    counts, overview = pulled / f"reports/{TASK}/tables/counts.csv", pulled / "reports/results.csv"
    header, first, *others = counts.read_text().splitlines(keepends=True)
    *start, value = first.rstrip().split(",")
    counts.write_text(header + ",".join([*start, "0.123456"]) + "\n" + "".join(others))
    overview.write_text(overview.read_text().replace("a tiny task", "a huge task"))
    (pulled / "reports/stale.csv").write_text("left\n1\n")
    lost = ["figures/scores.svg", "index.html", "metrics.json", "tables/main.csv"]
    for name in lost:
        (pulled / f"reports/{TASK}/{name}").unlink()
    done = sac(pulled, "review")
    said = done.stderr.splitlines()
    assert done.returncode == 1 and f"review FAILED: {len(lost) + 3} of" in said[-1]
    assert any(f"{TASK}/tables/counts.csv: row" in line and f"column auc: committed 0.123456, recomputed {value}" in line
               for line in said)
    assert any(line == "reports/stale.csv: nothing published makes it" for line in said)
    assert any("reports/results.csv: row" in line and "a huge task" in line for line in said)
    assert all(any(line.startswith(f"reports/{TASK}/{name}: missing") for line in said) for name in lost)


def test_what_is_not_finished_is_not_published(repository, tmp_path):
    folder = tmp_path / "repository"
    shutil.copytree(repository.folder, folder)
    params = scratch.tiny_params()
    params["metrics"]["seed"] = 7
    scratch.write_params(folder, params)
    done = sac(folder, "publish", TASK)
    assert done.returncode == 1 and "stages are not up to date" in done.stderr
    assert not list((folder / "snapshots").glob("*.dvc"))


def test_a_misspelt_task_is_named(reviewer):
    done = sac(reviewer, "review", "tiney")
    assert done.returncode == 1 and f"did you mean '{TASK}'" in done.stderr


def test_without_anything_published_the_review_says_so(repository):
    assert "nothing is published here" in refused(repository.folder)


def stored(folder, name):
    """The object of the travelling remote that holds a file of the snapshot."""
    listing = next((folder / "snapshots/remote").rglob("*.dir"))
    md5 = next(entry["md5"] for entry in json.loads(listing.read_text()) if entry["relpath"] == name)
    return listing.parents[1] / md5[:2] / md5[2:]


def flip(file):
    """Change one bit."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(bytes(data))
