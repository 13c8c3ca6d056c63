"""`sac verify`: the verdict on suspects that were asked."""

from pathlib import Path

import click

from stages.cases import CaseCommand, one_line
from stages.paths import INPUT


@click.command(cls=CaseCommand)
@click.argument("case", type=INPUT)
@click.argument("suspects", nargs=-1)
@click.pass_context
def verify(context: click.Context, case: Path, suspects: tuple[str, ...]) -> None:
    """Judge SUSPECTS of CASE (all, without names): copy, no copy shown, or undecided. Writes verdict.html, .json and .svg.

    Exit code: 0 no copy shown, 1 a copy, 2 bad input, 3 undecided, 4 files were changed.
    """
    from pipeline.cases import owner
    from pipeline.cases.verdict import COPY, UNDECIDED

    judged = owner.verify(case, *suspects)
    for verdict in judged.verdicts:
        p_value = "" if verdict.corrected is None else f" (p = {verdict.corrected:.3f})"
        click.echo(one_line(f"{verdict.finding.suspect}: {verdict.verdict}{p_value}: {verdict.reason}"))
    click.echo(f"{case}/verdict/verdict.html")
    words = {verdict.verdict for verdict in judged.verdicts}
    context.exit(1 if COPY in words else 3 if UNDECIDED in words else 0)
