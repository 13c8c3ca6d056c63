"""The real dvc in a scratch repository: a whole run, nothing to do, a variant, and kill -9 in the middle."""

import json
import re
import shlex
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests import scratch
from tests.imports import ROOT
from tests.repository import dvc, environment, modified, prepared, ran

TASK = scratch.TASK
VARY = (ROOT / "docs/vary.md").read_text(encoding="utf-8")


def test_kill_9_leaves_no_orphan_and_the_next_run_keeps_what_was_trained(repository):
    folder, kept, survivors, output = repository
    assert len(kept) >= 4 and not survivors
    now = modified(folder)
    assert all(now[name] == when for name, when in kept.items())
    assert not [path for path in (folder / ".zoo").iterdir() if path.name.startswith(".")]
    assert ran(output)[-1] == f"report@{TASK}"


def test_an_undisturbed_run_gives_the_same_files(repository, tmp_path, monkeypatch):
    """The suspects, scores and reports of the killed run are those of a run that nobody disturbed, and that trains anew: what a
    machine measures about itself stands in none of them, so dvc.lock and reports/ are the same too."""
    from click.testing import CliRunner

    from stages.cli import sac

    prepared(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAC_JOBS", "1")
    for _, _, words in scratch.stages(folder=tmp_path):
        assert CliRunner().invoke(sac, words).exit_code == 0
    for part in ("source", "zoo", "probes", "outputs", "scores.parquet", "records", f"../../reports/{TASK}"):
        ours, theirs = (root / f"artifacts/{TASK}" / part for root in (tmp_path, repository.folder))
        names = [path.relative_to(ours) for path in sorted(ours.rglob("*")) if path.is_file()] or [Path()]
        assert all((ours / name).read_bytes() == (theirs / name).read_bytes() for name in names), part


def test_there_is_nothing_to_do_the_second_time(repository):
    assert ran(dvc(repository.folder, "repro")) == []


@pytest.fixture
def committed(repository):
    """The folder of the repository, which is as it was committed when the test ends."""
    yield repository.folder
    scratch.git(repository.folder, "checkout", "-q", "--", ".")
    shutil.rmtree(repository.folder / "dvc_plots", ignore_errors=True)


def test_a_variant_reruns_the_report_alone_and_dvc_shows_what_it_changed(committed):
    """The commands of docs/vary.md under "What changed", as they stand there."""
    output = dvc(committed, "exp", "run", "-S", "fingerprint.method=jpeg")
    assert ran(output) == ["check", f"report@{TASK}"]
    before, after = "cutmix, logits, cosine_l1", "jpeg, logits, cosine_l1"
    metrics = json.loads((committed / f"reports/{TASK}/metrics.json").read_text())
    assert metrics["fingerprint"] == after and after in dvc(committed, "metrics", "show", "--json")
    changes = re.search(r"## What changed\n\n```\n(.*?)```", VARY, re.DOTALL)[1]
    lines = changes.splitlines()
    shown, differs, figures, plots = (dvc(committed, *shlex.split(line, comments=True)[1:]) for line in lines)
    assert re.search(rf"workspace .* {after} +jpeg ", shown) and re.search(rf" {before} +cutmix ", shown)
    assert "fingerprint.method" in shown and "attacks" not in shown and max(map(len, shown.splitlines())) <= 120
    assert differs.split("\n")[0].split() == ["Path", "Metric", "HEAD", "workspace", "Change"]
    assert before in differs and after in differs and f"reports/{TASK}/metrics.json" in differs
    page = (committed / "dvc_plots/index.html").read_text()
    pictures = set(re.findall(r'src="(static/[^"]+)"', page))
    assert {f"static/{name}_reports_{TASK}_figures_scores.svg" for name in ("HEAD", "workspace")} <= pictures
    assert all((committed / "dvc_plots" / name).is_file() for name in pictures) and "dvc_plots/index.html" in figures and plots
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page) and "dvc_plots" not in scratch.git(
        committed, "status", "--short"
    )


def test_a_grid_is_queued_as_one_experiment_for_each_combination_and_two_workers_run_it(committed, monkeypatch):
    """The commands of docs/vary.md under "A grid of variants", the last four taken back before they run, to save minutes."""
    monkeypatch.setenv("SAC_ZOO", str(committed / ".zoo"))
    (grid,) = re.findall(r"^dvc (exp run --queue .*)$", VARY, re.MULTILINE)
    dvc(committed, *shlex.split(grid))
    assert _states(committed) == {"Queued": 4} and scratch.git(committed, "status", "--short") == ""
    dvc(committed, "queue", "remove", "--queued")
    assert _states(committed) == {}

    before = modified(committed)
    dvc(committed, "exp", "run", "--queue", "-S", "fingerprint.representation=logits,softmax", "-S", "fingerprint.method=wrong")
    dvc(committed, "queue", "start", "--jobs", "2")
    while not set(_states(committed)) <= {"Success", "Failed"}:
        time.sleep(0.5)
    assert _states(committed) == {"Success": 2} and modified(committed) == before
    shown = dvc(committed, "exp", "show", "--only-changed", "--drop", "artifacts|params.yaml")
    assert all(f"wrong, {representation}, cosine_l1" in shown for representation in ("logits", "softmax"))


def _states(folder):
    """How many experiments of the queue are in each state."""
    states = re.findall(r"\b(Queued|Running|Success|Failed)\b", dvc(folder, "queue", "status"))
    return dict(Counter(states))


def test_a_probes_parameter_trains_nothing(repository):
    folder = repository.folder
    before = modified(folder)
    output = dvc(folder, "exp", "run", "-S", "probes.augmented.jpeg.quality=10")
    assert ran(output) == [
        "check",
        *(
            f"{name}@{TASK}{family}"
            for name, family in (
                ("probes", "-augmented"),
                ("outputs", "-augmented"),
                ("score", ""),
                ("references", ""),
                ("report", ""),
            )
        ),
    ]
    assert modified(folder) == before
    scratch.git(folder, "checkout", "-q", "--", ".")
    dvc(folder, "checkout", "-q")


def test_a_changed_recipe_reruns_that_attack_and_what_follows(repository):
    folder = repository.folder
    params = scratch.few_params()
    params["attacks"]["transfer_all"]["recipe"]["rate"] = 0.03
    scratch.write_params(folder, params)
    planned = ran(dvc(folder, "repro", "--dry"))
    assert planned[:2] == ["check", f"zoo@{TASK}-transfer_all"]
    assert not [name for name in planned[2:] if "zoo" in name]
    scratch.git(folder, "checkout", "-q", "--", ".")


@pytest.mark.parametrize(
    ("change", "says"), [({"tasks": ["tiney"]}, "did you mean 'tiny'"), ({"attacks": {"prun": {}}}, "did you mean 'prune'")]
)
def test_a_misspelt_name_stops_at_once(repository, change, says):
    folder = repository.folder
    before = modified(folder)
    scratch.write_params(folder, scratch.few_params() | change)
    done = subprocess.run(["dvc", "repro"], cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode != 0 and says in done.stdout + done.stderr
    assert modified(folder) == before
    scratch.git(folder, "checkout", "-q", "--", ".")
    dvc(folder, "checkout", "-q")


def test_the_lock_belongs_to_the_parameters(repository):
    lock = yaml.safe_load((repository.folder / "dvc.lock").read_text())
    assert f"report@{TASK}" in lock["stages"]
