"""Mend what a kill or a damaged disk left: dvc.lock, objects of DVC's cache, and what was checked out from them."""

from pathlib import Path

import click

from pipeline.core.errors import BadInput
from pipeline.core.lockfile import restore
from pipeline.wiring.repair import cache_folder, clear_damaged


@click.command()
def repair() -> None:
    """Restore a dvc.lock that was cut off, and remove what is damaged so that `dvc repro` makes it anew."""
    if not Path("dvc.yaml").is_file():
        raise BadInput(f"no dvc.yaml in {Path.cwd()}: run this in the repository's root")
    done = [said for said in (restore(),) if said]
    done += clear_damaged(cache_folder())
    for line in done:
        click.echo(line)
    click.echo("now: dvc repro" if done else "nothing to repair")
