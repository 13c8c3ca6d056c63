"""The real dvc in a scratch repository: a whole run, nothing to do, a variant, and kill -9 in the middle."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests import scratch
from tests.repository import dvc, environment, modified, prepared, ran

TASK = scratch.TASK


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


def test_a_variant_reruns_the_report_alone(repository):
    folder = repository.folder
    output = dvc(folder, "exp", "run", "-S", "fingerprint.method=jpeg")
    assert ran(output) == ["check", f"report@{TASK}"]
    metrics = json.loads((folder / f"reports/{TASK}/metrics.json").read_text())
    assert metrics["fingerprint"] == "jpeg, logits, cosine_l1"
    assert "jpeg, logits, cosine_l1" in dvc(folder, "metrics", "show", "--json")
    scratch.git(folder, "checkout", "-q", "--", ".")


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
