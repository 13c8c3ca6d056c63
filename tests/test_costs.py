"""What a fingerprint costs: every method is timed, and the ratios are those of the seconds."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pipeline.core.params import read
from pipeline.defender.costs import CLAIMED, PAPER, Defender, time_methods
from pipeline.probes import read_family
from pipeline.tasks.task import Task
from stages.cli import sac
from stages.costs import FAMILIES
from tests import scratch
from tests.making import make_tiny


def test_every_method_of_table_8_is_timed(tmp_path, monkeypatch):
    params = scratch.tiny_params()
    task = params["task"][scratch.TASK]
    task["watermark"] |= {"source_class": 0, "target_class": 1}
    scratch.write_params(tmp_path, params)
    monkeypatch.chdir(tmp_path)
    from pipeline.models.network import save
    from pipeline.tasks.recipe import Recipe
    from pipeline.training.fit import fit_new

    half, query, pool = make_tiny(90, 0), make_tiny(60, 1), make_tiny(120, 2)
    pool = replace(pool, labels=np.where(np.arange(120) % 5, pool.labels, (pool.labels + 1) % 3))  # mistakes to find
    save(fit_new("vgg_slim", half, Recipe(epochs=6, batch=30, rate=0.05), 0), tmp_path / "source")
    who = read(f"task.{scratch.TASK}", Task)
    families = {name: read_family(name) for name in FAMILIES}
    families["boundary"] = families["boundary"].model_copy(update={"k": 0.0, "rate": 0.05})
    families["conferrable"] = families["conferrable"].model_copy(update={"epsilon": 1.0, "rate": 0.2})
    families["misclassified"] = families["misclassified"].model_copy(update={"minimum": 1})
    table = time_methods(Defender(who, tmp_path / "source", half, query, pool, pool, families, tmp_path), who.watermark)
    table = table.set_index("fingerprint")
    assert set(table.index) == {"SAC-JC", "SAC-m", "SAC-w", "IPGuard", "CAE", "EWE", "ModelDiff"}
    assert (table["seconds"] >= 0).all() and table.loc["CAE", "seconds"] > table.loc["SAC-JC", "seconds"]
    assert table.loc["CAE", "over_SAC-JC"] == pytest.approx(table.loc["CAE", "seconds"] / table.loc["SAC-JC", "seconds"])
    plain = table.drop("EWE")["source_accuracy"]
    assert plain.nunique() == 1


def test_the_papers_own_ratio_is_not_the_one_it_claims():
    assert round(PAPER["CAE"] / PAPER["SAC-JC"]) == 159606 != CLAIMED == 34393


def test_a_task_without_a_watermark_cannot_time_ewe(tmp_path, monkeypatch):
    params = scratch.tiny_params()
    params["task"][scratch.TASK]["watermark"] = None
    scratch.write_params(tmp_path, params)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(sac, ["costs", scratch.TASK, scratch.TASK])
    assert result.exit_code == 1 and "a watermark is needed to time EWE, found null" in result.output


def test_costs_are_timed_on_a_run_wherever_it_lies(tmp_path, monkeypatch):
    """A tiny run, split and trained by the stages, moved elsewhere; the watermark of SAC-JC's Table 8 is another task's."""
    scratch.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    for stage, _, words in scratch.stages(folder=tmp_path):
        if stage in ("split", "source"):
            done = CliRunner().invoke(sac, words)
            assert done.exit_code == 0, done.output
    (tmp_path / "artifacts").rename(tmp_path / "elsewhere")
    given = ["costs", scratch.TASK, scratch.TASK, "--out", "out"]
    assert "artifacts" in CliRunner().invoke(sac, given).output
    params = scratch.tiny_params()
    params["task"][scratch.TASK]["probes"] = {"misclassified": {"minimum": 140}}
    scratch.write_params(tmp_path, params)
    refused = CliRunner().invoke(sac, [*given, "--artifacts", "elsewhere"]).output
    assert "140 are needed" in refused, "the task's own probes are timed"
    scratch.write_params(tmp_path, scratch.tiny_params())
    done = CliRunner().invoke(sac, [*given, "--artifacts", "elsewhere"])
    assert done.exit_code == 0 and "times as long as SAC-JC here" in done.output, done.output
    table = pd.read_csv(tmp_path / "out" / scratch.TASK / "fingerprint_costs.csv")
    assert len(table) == 7 and "SAC-JC, Table 8" in (tmp_path / "out" / scratch.TASK / "fingerprint_costs.md").read_text()
