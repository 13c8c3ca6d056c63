"""Judges a fingerprint that somebody else computed, from the scores of a task's suspects."""

import shutil
from pathlib import Path

import click

from pipeline.core.errors import BadInput
from pipeline.reports.submitted import FOLDER, judged, read_submitted
from pipeline.reports.text import measured, number, small
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("scores", type=INPUT)
@click.option("--reports", type=OUTPUT, default=Path("reports"), show_default=True, help="The folder of all reports.")
@click.option("--submit", is_flag=True, help="Keep the file in reports/submitted: `sac index` shows it beside others.")
def evaluate(scores: Path, reports: Path, submit: bool) -> None:
    """Check and judge SCORES, a CSV of task, fingerprint, suspect, score (docs/submit.md): AUC, p-value, F1 by attack."""
    found = judged(scores, reports)
    for (task, name), own in found.groupby(["task", "fingerprint"], sort=False):
        click.echo(f"{name} on {task}")
        for row in own.itertuples():
            click.echo(
                f"  {row.attack:22} AUC {measured(row.auc, row.low, row.high):20} p-value {small(row.p_value):8} "
                f"F1 {number(row.f1)}"
            )
    if submit:
        kept = reports / FOLDER / f"{scores.stem}.csv"
        if kept.exists() and kept.read_bytes() != scores.read_bytes():
            raise BadInput(f"{kept}: there already, with other scores: give the file another name")
        kept.parent.mkdir(parents=True, exist_ok=True)
        if not kept.exists():
            read_submitted(reports, scores)  # which refuses what another file has
            shutil.copyfile(scores, kept)
        click.echo(f"{kept}: `sac index` shows it")
