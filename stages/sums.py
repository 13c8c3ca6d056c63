"""Write the sums of all that is published."""

import click

from pipeline.publish.sums import SUMS, write_sums


@click.command()
def sums() -> None:
    """Write the sums of every file under reports/ and snapshots/, after notes or other words of a report were changed."""
    click.echo(f"{SUMS}: the sums of {write_sums()} files")
