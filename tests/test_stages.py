"""Every stage through click's runner, with the very commands of dvc.yaml, on a tiny task."""

import json
import os
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from pipeline.core import params
from pipeline.core.names import module
from pipeline.data.images import load_images, save_images
from pipeline.models.network import accuracy, load
from pipeline.outputs.table import read_outputs
from pipeline.tasks import task
from pipeline.zoo.make import Finished
from stages.cli import sac
from tests import scratch
from tests.imports import ROOT

pytestmark = pytest.mark.slow  # a whole run

TASK = scratch.TASK


READS_PARTS = ("outputs", "probes", "query_models", "report", "source", "split", "zoo")
"""The stages that read parts of a task."""


def run(*words):
    return CliRunner().invoke(sac, list(words))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A folder in which all stages have run, and which parameters each one read."""
    folder = scratch.make(tmp_path_factory.mktemp("stages"))
    before, reads = os.getcwd(), {}
    original, original_part = params.read, task.task_part
    patch = pytest.MonkeyPatch()
    patch.setenv("SAC_JOBS", "1")
    patch.chdir(folder)
    try:
        for name, item, words in scratch.stages():
            seen = reads.setdefault((name, *item.items()), set())

            def record(path, *rest, seen=seen, **named):
                seen.add(path)
                return original(path, *rest, **named)

            def record_section(path, *rest, seen=seen, **named):
                """Of `pipeline.tasks.task` itself, which reads a task whole to give one part of it."""
                seen.update([] if path.startswith("task.") else [path])
                return original(path, *rest, **named)

            def record_part(name, part, seen=seen):
                seen.add(f"task.{name}.{part}")
                return original_part(name, part)

            for where in (
                "pipeline.core.params",
                "pipeline.wiring.check",
                "pipeline.fingerprints.naming",
                "stages.score",
                "stages.report",
            ):
                patch.setattr(f"{where}.read", record)
            patch.setattr("pipeline.tasks.task.read", record_section)
            for where in ("pipeline.tasks.task", "pipeline.probes", *(f"stages.{stage}" for stage in READS_PARTS)):
                patch.setattr(f"{where}.task_part", record_part)
            result = run(*words)
            assert result.exit_code == 0, f"{words}: {result.output} {result.exception!r}"
        yield SimpleNamespace(
            folder=folder, reads=reads, families=list(scratch.tiny_params()["probes"]), artifacts=folder / "artifacts" / TASK
        )
    finally:
        patch.undo()
        os.chdir(before)


def test_no_stage_reads_a_parameter_that_dvc_does_not_know_of(ran):
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    for (name, *item), seen in ran.reads.items():
        if name == "check":
            continue
        declared = [
            scratch.expand(own, dict(item))
            for param in stages[name]["params"]
            for own in ([param] if isinstance(param, str) else [f"task.{part}" for parts in param.values() for part in parts])
        ]
        secret = {path for path in seen if not any(path == own or path.startswith(f"{own}.") for own in declared)}
        assert not secret, f"{name} {item} reads {secret}"
        assert seen


def test_the_five_sets_are_written_and_the_manifest_tells_them_apart(ran):
    manifest = json.loads((ran.artifacts / "manifest.json").read_text())
    assert {name: len(index) for name, index in manifest["indices"].items()} == {
        name: size for name, size in scratch.CHANGES["split"].items() if name != "seed"
    }
    assert len(set(manifest["digests"].values())) == len(manifest["digests"]) == 9


def test_every_suspect_answers_every_probe(ran):
    answers = {one.method: one for family in ran.families for one in read_outputs(ran.artifacts / f"outputs/{family}.parquet")}
    counts = answers["clean"].suspects["attack"].value_counts()
    assert counts["irrelevant"] == counts["extract_adv"] == 2 and counts["prune"] == 2 and counts["finetune_all"] == 1
    assert len(answers) == 24 and all(len(one.suspects) == len(answers["clean"].suspects) for one in answers.values())


def test_scores_rank_a_fine_tuned_copy_above_an_irrelevant_model(ran):
    scores = pd.read_parquet(ran.artifacts / "scores.parquet")
    own = (
        scores[
            (scores["method"] == "clean")
            & (scores["comparison"] == "pointwise_cosine")
            & (scores["count"] == 30)
            & (scores["representation"] == "logits")
        ]
        .groupby("attack")["score"]
        .mean()
    )
    assert own["finetune_last"] > own["irrelevant"]
    assert np.isnan(own["transfer_all"])


def test_the_report_holds_every_table_and_figure(ran):
    report = ran.folder / "reports" / TASK
    drawn = {path.stem for path in (report / "figures").iterdir()}
    assert drawn == {"averages", "main", "scores", "counts", "corruptions", "probes", "reference_curve"}
    main = pd.read_csv(report / "tables/main.csv")
    asked = yaml.safe_load((ran.folder / "params.yaml").read_text())["table"]
    made = {
        name
        for family in ran.families
        for name in module("probes", family).Family.methods
        if "classification" in module("probes", family).Family.tasks
    }
    assert set(main["fingerprint"]) == {name for name, fingerprint in asked.items() if fingerprint["method"] in made}
    assert set(main["attack"]) >= {"prune", "extract_adv", "transfer_all", "average", "pooled"}
    metrics = json.loads((report / "metrics.json").read_text())
    shown = main[(main["fingerprint"] == "SAC-m")].set_index("attack")["auc"]
    assert metrics["average_auc"] == pytest.approx(shown["average"], abs=1e-4)


def test_the_page_needs_nothing_from_outside(ran):
    page = (ran.folder / "reports" / TASK / "index.html").read_text()
    assert page.count("<svg") == 6
    assert not re.search(r"<[^>]*\ssrc\s*=|@import|<link", page)


def test_the_report_is_the_same_bytes_again(ran, monkeypatch):
    monkeypatch.chdir(ran.folder)
    report = ran.folder / "reports" / TASK
    before = {path: path.read_bytes() for path in sorted(report.rglob("*")) if path.is_file()}
    (name, _, words) = scratch.stages()[-1]
    assert name == "report" and run(*words).exit_code == 0
    assert {path: path.read_bytes() for path in sorted(report.rglob("*")) if path.is_file()} == before


def test_the_index_lists_every_report(ran, monkeypatch):
    monkeypatch.chdir(ran.folder)
    assert run("index").exit_code == 0
    assert f'href="{TASK}/index.html' in (ran.folder / "reports/index.html").read_text()


def test_a_second_run_trains_nothing_and_gives_the_same_files(ran, monkeypatch):
    monkeypatch.chdir(ran.folder)
    monkeypatch.setattr("pipeline.zoo.make.Make.__call__", lambda *_: pytest.fail("trained again"))
    words = next(words for name, item, words in scratch.stages() if item.get("attack") == "prune")
    zoo = ran.artifacts / "zoo/prune"
    before = {path.name: path.read_bytes() for path in zoo.iterdir()}
    assert run(*words).exit_code == 0
    assert {path.name: path.read_bytes() for path in zoo.iterdir()} == before


def test_one_more_seed_trains_only_the_new_models(ran, monkeypatch):
    monkeypatch.chdir(ran.folder)
    more = scratch.tiny_params()
    more["task"][TASK]["seeds"] = 2
    scratch.write_params(ran.folder, more)
    made = []

    def note(_, order):
        made.append((order.job.arch, order.job.seed))
        return Finished(order.job, {}, None, [])

    monkeypatch.setattr("pipeline.zoo.make.Make.__call__", note)
    words = next(words for name, item, words in scratch.stages() if item.get("attack") == "irrelevant")
    run(*words)
    scratch.write_params(ran.folder, scratch.tiny_params())
    assert sorted(made) == [("resnet_slim", 1), ("vgg_slim", 1)]


def test_a_missing_suspect_stops_the_outputs_and_is_named(ran, monkeypatch, tmp_path):
    monkeypatch.chdir(ran.folder)
    words = next(words for name, item, words in scratch.stages() if name == "outputs")
    victim = ran.artifacts / "zoo/irrelevant/irrelevant-vgg_slim-0.safetensors"
    victim.rename(tmp_path / "away")
    result = run(*words)
    (tmp_path / "away").rename(victim)
    assert result.exit_code == 1 and "irrelevant-vgg_slim-0.safetensors is missing" in result.output


def test_too_few_suspects_for_the_parameters_stop_the_outputs(ran, monkeypatch):
    monkeypatch.chdir(ran.folder)
    more = scratch.tiny_params()
    more["task"][TASK]["seeds"] = 3
    scratch.write_params(ran.folder, more)
    result = run(*next(words for name, item, words in scratch.stages() if name == "outputs"))
    scratch.write_params(ran.folder, scratch.tiny_params())
    assert result.exit_code == 1 and "2 models, params.yaml asks for 6" in result.output


def test_an_attack_without_data_writes_a_documented_empty_result(ran, monkeypatch, tmp_path):
    monkeypatch.chdir(ran.folder)
    (tmp_path / "attacker").mkdir()
    result = run(
        "zoo",
        TASK,
        "transfer_all",
        "--attacker",
        str(tmp_path / "attacker"),
        "--accuracy",
        str(tmp_path),
        "--source",
        str(ran.artifacts / "source"),
        "--out",
        str(tmp_path / "out"),
        "--records",
        str(tmp_path / "r.json"),
    )
    assert result.exit_code == 0
    assert json.loads((tmp_path / "r.json").read_text())["why"] == f"{TASK} has no transfer data"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["suspects.json"]


def test_every_command_has_help():
    listed = run("--help").output
    for name in (
        "check",
        "split",
        "source",
        "query_models",
        "zoo",
        "probes",
        "outputs",
        "score",
        "report",
        "index",
        "costs",
        "publish",
        "review",
        "spent",
        "sums",
    ):
        assert name in listed
        assert run(name, "--help").exit_code == 0


def test_a_misspelt_command_names_the_nearest():
    result = run("zoom")
    assert result.exit_code != 0 and "did you mean 'zoo'" in result.output


def test_missing_input_ends_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = run(
        "score",
        "fashion_mini",
        "--outputs",
        str(tmp_path / "none.parquet"),
        "--out",
        str(tmp_path / "s.parquet"),
        "--redraws",
        str(tmp_path / "r.parquet"),
    )
    assert result.exit_code == 1 and result.output.count("\n") == 1 and "none.parquet: no such file" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_ends_in_one_line_and_leaves_nothing(ran, monkeypatch, tmp_path):
    monkeypatch.chdir(ran.folder)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.core.files.os.replace", full)
    words = next(words for name, _, words in scratch.stages() if name == "score")
    for option in ("--out", "--redraws"):
        words[words.index(option) + 1] = str(tmp_path / option)
    result = run(*words)
    assert result.exit_code == 1 and "No space left on device" in result.output
    assert list(tmp_path.iterdir()) == []


def test_another_accuracy_set_is_measured_anew_without_training(ran, monkeypatch, tmp_path):
    monkeypatch.chdir(ran.folder)
    monkeypatch.setattr("pipeline.training.fit.fit", lambda *_, **__: pytest.fail("trained again"))
    other = load_images(ran.artifacts / "accuracy/task.safetensors").take(np.arange(7))
    save_images(other, tmp_path / "accuracy/task.safetensors", TASK)
    words = next(words for name, item, words in scratch.stages() if item.get("attack") == "irrelevant")
    places = {"--accuracy": tmp_path / "accuracy", "--out": tmp_path / "zoo", "--records": tmp_path / "records.json"}
    for option, path in places.items():
        words[words.index(option) + 1] = str(path)
    assert run(*words).exit_code == 0
    for model in json.loads((tmp_path / "records.json").read_text())["models"]:
        network = load(tmp_path / "zoo" / f"{model['suspect']}.safetensors")
        assert model["test_accuracy"] == accuracy(network, other)
