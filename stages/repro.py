"""Runs the pipeline and says how far it is, then what came out."""

import os
import subprocess
import sys
import time
from pathlib import Path

import click

from pipeline.core.errors import BadInput
from pipeline.core.params import read
from pipeline.reports.overview import main_tables
from pipeline.reports.text import verdict
from pipeline.wiring.progress import Progress, planned, spoken
from pipeline.wiring.stages import read_stages

REPORTS = Path("reports")
SLOWEST = 8


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def repro(arguments: tuple[str, ...]) -> None:
    """Run `dvc repro ARGUMENTS` and say how far it is; then write the page over all tasks and say what came out."""
    started = time.monotonic()
    tasks = read("tasks")
    progress = Progress(planned(read_stages(), len(tasks)))
    click.echo(f"{len(progress.plan)} stages for {', '.join(tasks)}; what did not change is not run again")
    code = follow(["dvc", "repro", *arguments], progress)
    if code:
        raise BadInput(f"dvc repro ended by {code}; type the same again: it goes on where it was")
    subprocess.run([sys.executable, "-P", "-m", "stages.cli", "index"], check=True)
    for stage, seconds in sorted(progress.seconds.items(), key=lambda pair: -pair[1])[:SLOWEST]:
        click.echo(f"  {seconds:6.1f} s  {spoken(stage)}")
    click.echo(f"  {time.monotonic() - started:6.1f} s  in all")
    mains = main_tables(REPORTS)
    for task in tasks:
        if task in mains:
            click.echo(f"{task}: {verdict(mains[task], 'SAC-JC')}")
    click.echo(f"Open {(REPORTS / 'index.html').resolve().as_uri()}")


def follow(words: list[str], progress: Progress) -> int:
    """Run a command, print what `progress` makes of its lines, and return its exit code; Ctrl-C reaches it by itself."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}) as run:
        try:
            for line in run.stdout or ():
                if (said := progress.read(line, time.monotonic())) is not None:
                    click.echo(said)
        except KeyboardInterrupt:
            run.wait()
            raise
    progress.close(time.monotonic())
    return run.returncode
