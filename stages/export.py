"""`sac export`: the probes as pictures, with a table to fill in, for whoever asks the suspect."""

from pathlib import Path

import click

from pipeline.cases.case import read_enrolment
from stages.cases import CaseCommand
from stages.paths import INPUT, OUTPUT


@click.command(cls=CaseCommand)
@click.argument("case", type=INPUT)
@click.option("--out", type=OUTPUT, required=True, help="A folder that is not there yet.")
def export(case: Path, out: Path) -> None:
    """Write the probes of CASE as PNG files, and answers.csv to fill in."""
    from pipeline.cases.exchanging import export_probes

    enrolment = read_enrolment(case)
    export_probes(case, enrolment, out)
    click.echo(f"{out}: {enrolment.count} pictures and answers.csv to fill in; README.txt there says how")
