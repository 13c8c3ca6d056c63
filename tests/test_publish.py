"""Publishing and review with the real dvc: a run of one's own, a stranger's clone, and what must make its review fail."""

import json
import shutil

import pytest
import yaml

from pipeline.core.machine import kind
from pipeline.publish.snapshot import published_scores
from tests import scratch
from tests.repository import clone, dvc, ran, sac

TASK = scratch.TASK


@pytest.fixture(scope="module")
def published(repository, tmp_path_factory):
    """A repository whose run is published and committed."""
    folder = tmp_path_factory.mktemp("published") / "repository"
    shutil.copytree(repository.folder, folder)
    done = sac(folder, "publish", TASK)
    assert done.returncode == 0, done.stderr
    scratch.git(folder, "add", "-A")
    scratch.git(folder, "commit", "-qm", "published")
    return folder


@pytest.fixture
def reviewer(published, tmp_path):
    """A fresh clone."""
    return clone(published, tmp_path / "clone")


def test_a_stranger_recomputes_everything_and_trains_nothing(reviewer):
    done = sac(reviewer, "review")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("review passed: 1 runs, ")
    assert int(done.stdout.split(", ")[1].split()[0].replace(",", "")) > 10_000
    assert not (reviewer / ".zoo").exists() and not (reviewer / "artifacts").exists()


def test_dvc_pulls_what_the_run_made(reviewer, published):
    dvc(reviewer, "pull", f"snapshots/{TASK}.dvc")
    assert dvc(reviewer, "status", f"snapshots/{TASK}.dvc").strip() == "Data and pipelines are up to date."
    folder = reviewer / "snapshots" / TASK
    assert yaml.safe_load((folder / "params.yaml").read_text()) == scratch.few_params()
    assert (folder / "scores.parquet").read_bytes() == published_scores(published / "artifacts" / TASK / "scores.parquet")
    for part in ("outputs/augmented.parquet", "records/prune.json", "probes/augmented/facts.json"):
        assert (folder / part).read_bytes() == (published / "artifacts" / TASK / part).read_bytes()
    assert (folder / "probes/augmented/examples.parquet").exists() and not list(folder.rglob("probes.parquet"))
    assert json.loads((folder / "run.json").read_text())["machine"] == kind()
    seconds = json.loads((folder / "seconds.json").read_text())
    assert seconds and all((published / f".zoo/{key}.json").exists() for key in seconds)


def test_pages_made_again_change_nothing_that_is_committed(published):
    for words in (("index",), ("spent",)):
        done = sac(published, *words)
        assert done.returncode == 0, done.stderr
    assert "core-hours of training" in done.stdout
    assert scratch.git(published, "status", "--porcelain") == ""


def test_images_are_published_only_where_they_may_be_shown(published, tmp_path):
    folder = tmp_path / "repository"
    shutil.copytree(published, folder)
    params = scratch.few_params()
    params["task"][TASK]["show_probes"] = False
    scratch.write_params(folder, params)
    assert f"report@{TASK}" in ran(dvc(folder, "repro"))
    assert sac(folder, "publish", TASK).returncode == 0
    assert not list((folder / "snapshots").rglob("examples.parquet"))
    named = {
        entry["relpath"]
        for listing in (folder / "snapshots/remote").rglob("*.dir")
        for entry in json.loads(listing.read_text())
    }
    assert not [name for name in named if name.endswith("examples.parquet")], "an old object stayed in the remote"


def test_a_missing_object_of_the_remote_is_named(reviewer):
    stored(reviewer, "outputs/augmented.parquet").unlink()
    done = sac(reviewer, "review")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "missing from the remote; it holds outputs/augmented.parquet" in done.stderr


def test_a_report_without_a_snapshot_leaves_the_overview_out(reviewer):
    shutil.copytree(reviewer / f"reports/{TASK}", reviewer / "reports/other")
    done = sac(reviewer, "review")
    assert done.returncode == 0 and "not recomputed: the page and tables over all tasks, which also show other" in done.stdout
    assert "neither recomputed nor covered by a sum: reports/other/index.html" in done.stdout


def test_all_that_was_edited_or_lost_is_named_even_with_sums_of_its_own(reviewer):
    """One review names every cell: an edited number, an edited title, and each part of the report that is gone."""
    counts, overview = reviewer / f"reports/{TASK}/tables/counts.csv", reviewer / "reports/results.csv"
    header, first, *others = counts.read_text().splitlines(keepends=True)
    *start, value = first.rstrip().split(",")
    counts.write_text(header + ",".join([*start, "0.123456"]) + "\n" + "".join(others))
    overview.write_text(overview.read_text().replace("a tiny task", "a huge task"))
    (reviewer / "reports/stale.csv").write_text("left\n1\n")
    lost = ["figures/scores.svg", "index.html", "metrics.json", "tables/main.csv"]
    for name in lost:
        (reviewer / f"reports/{TASK}/{name}").unlink()
    assert sac(reviewer, "sums").returncode == 0
    done = sac(reviewer, "review")
    said = done.stderr.splitlines()
    assert done.returncode == 1 and "Traceback" not in done.stderr and f"review FAILED: {len(lost) + 3} differences" in said[-1]
    assert any(
        f"{TASK}/tables/counts.csv: row" in line and f"column auc: committed 0.123456, recomputed {value}" in line
        for line in said
    )
    assert any(line.startswith("reports/stale.csv: nothing published makes it") for line in said)
    assert any("reports/results.csv: row" in line and "a huge task" in line for line in said)
    assert all(any(line.startswith(f"reports/{TASK}/{name}: missing") for line in said) for name in lost)


def test_what_is_not_finished_is_not_published(repository, tmp_path):
    folder = tmp_path / "repository"
    shutil.copytree(repository.folder, folder)
    params = scratch.few_params()
    params["metrics"]["seed"] = 7
    scratch.write_params(folder, params)
    done = sac(folder, "publish", TASK)
    assert done.returncode == 1 and "stages are not up to date" in done.stderr
    assert not list((folder / "snapshots").glob("*.dvc"))


def test_a_misspelt_task_is_named(reviewer):
    done = sac(reviewer, "review", "tiney")
    assert done.returncode == 1 and f"did you mean '{TASK}'" in done.stderr.splitlines()[-1]


def test_without_anything_published_the_review_says_so(repository):
    done = sac(repository.folder, "review")
    assert done.returncode == 1 and "nothing is published here" in done.stderr.splitlines()[-1]


def stored(folder, name):
    """The object of the travelling remote that holds a file of the snapshot."""
    listing = next((folder / "snapshots/remote").rglob("*.dir"))
    md5 = next(entry["md5"] for entry in json.loads(listing.read_text()) if entry["relpath"] == name)
    return listing.parents[1] / md5[:2] / md5[2:]
