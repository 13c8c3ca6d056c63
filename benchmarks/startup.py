"""What a run takes besides training: every stage of a finished task once more, with a store that has all its models.

    python -m benchmarks.startup fashion_mini      # in a folder after `make repro`; two minutes

The stages run one after another in a copy of the folder, as processes of their own with one job each. What training took is
what `sac spent` says of the run. Writes startup.csv: a row for each stage, in core-seconds, and the seconds by the clock of the
slowest call.
"""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import click
import pandas as pd

from benchmarks.timing import run
from pipeline.reports.text import write_csv
from pipeline.zoo.store import store_folder
from tests import scratch

HERE = Path(__file__).parent
COPIED = ("params.yaml", "dvc.yaml", "dvc.lock", "reports/published.csv", "reports/watermarked.csv")
TRAINED = {"source": "source", "surrogates": "query_models", "references": "query_models", "extract_adv": "second_zoo"}
"""The stage that trains what `sac spent` lists under a name, where it is not `zoo`."""


def copy(task: str, to: Path) -> None:
    """Copy what the stages of `task` read from this folder."""
    for name in COPIED:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(name, to / name)
    for name in ("artifacts/checked", f"artifacts/{task}", "pipeline/reports/notes"):
        shutil.copytree(name, to / name)


def calls(task: str) -> pd.DataFrame:
    """Seconds of every call of every stage."""
    rows = []
    for stage, item, words in scratch.stages(task, Path()):
        ended = run(["sac", *words])
        if ended.code:
            raise click.ClickException(f"{' '.join(words[:3])} ended by {ended.code}")
        rows.append({"stage": stage, "core_seconds": ended.core_seconds, "clock": ended.seconds})
        click.echo(f"{' '.join(item.values())} {stage}: {ended.core_seconds:.2f} core-seconds, {ended.seconds:.2f} s")
    return pd.DataFrame(rows)


def trained(task: str) -> pd.Series:
    """Core-seconds of training by stage."""
    spent = pd.read_csv(f"artifacts/{task}/costs.csv").query("attack != 'total'")
    return spent.groupby(spent["attack"].map(TRAINED).fillna("zoo"))["core_seconds"].sum()


def by_stage(found: pd.DataFrame, training: pd.Series) -> pd.DataFrame:
    """A row for each stage, and one for all."""
    groups = found.groupby("stage", sort=False)
    table = groups["core_seconds"].agg(calls="size", core_seconds="sum", slowest="max").join(groups["clock"].max())
    table = table.join(training.rename("training")).fillna({"training": 0.0})
    table.loc["all"] = table.sum().to_dict() | table[["slowest", "clock"]].max().to_dict()
    return table.round(2).astype({"calls": int}).reset_index(names="stage")


@click.command()
@click.argument("task")
def main(task: str) -> None:
    """Measure the stages of TASK, which this folder has finished."""
    os.environ |= {"SAC_ZOO": str(store_folder().resolve()), "SAC_JOBS": "1"}
    training = trained(task)
    with tempfile.TemporaryDirectory() as name:
        copy(task, Path(name))
        with contextlib.chdir(name):
            found = calls(task)
    write_csv(by_stage(found, training), HERE / "startup.csv")


if __name__ == "__main__":
    main()
