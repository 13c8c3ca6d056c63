"""`sac import`: the answers of a suspect, from whoever asked it."""

from pathlib import Path

import click

from pipeline.cases.case import name_for, read_enrolment
from stages.cases import CaseCommand, one_line
from stages.paths import INPUT


@click.command("import", cls=CaseCommand)
@click.argument("case", type=INPUT)
@click.argument("answers", type=INPUT)
@click.option("--name", help="What to call the suspect; else the file's name.")
def import_(case: Path, answers: Path, name: str | None) -> None:
    """Read ANSWERS, CSV or Parquet of labels, best classes, probabilities or logits, into CASE."""
    from pipeline.cases.answers import form_of
    from pipeline.cases.exchanging import import_answers

    called = name_for(name or str(answers))
    found = import_answers(case, read_enrolment(case), answers, called)
    click.echo(one_line(f"{called}: {form_of(found)}"))
