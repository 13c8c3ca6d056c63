"""`sac recheck`: recompute a verdict from the case's files alone."""

from pathlib import Path

import click

from stages.cases import CaseCommand, one_line
from stages.paths import INPUT


@click.command(cls=CaseCommand)
@click.argument("case", type=INPUT)
@click.option("--commitment", help="The commitment as it was published, 64 hexadecimal digits.")
@click.option("--images", help="The pool of pictures, to draw the probes again.")
def recheck(case: Path, commitment: str | None, images: str | None) -> None:
    """Check that nothing in CASE was changed and that verdict.json follows. Asks no model. Exit code 4 names what was
    changed.
    """
    from pipeline.cases import owner

    judged = owner.recheck(case, commitment, images)
    for verdict in judged.verdicts:
        click.echo(one_line(f"{verdict.finding.suspect}: {verdict.verdict}, as written"))
    click.echo(
        f"holds: committed to {judged.commitment}{', stamped ' + judged.stamped if judged.stamped else ', not stamped'}"
        f"{'; the probes are those drawn from the pool' if images else ''}"
    )
    click.echo("not recomputed: verdict.html, verdict.svg and the rates measured elsewhere; `sac verify` makes them anew")
