"""Check all published runs: pull, verify, recompute, compare."""

import tempfile
import time
from pathlib import Path

import click

from pipeline.compare import Comparison
from pipeline.errors import BadInput, unknown
from pipeline.executor import run_all
from pipeline.review import Review, compare_overview, unpublished
from pipeline.snapshot import FOLDER, check_remote, check_sums, published, pull

SHOWN = 20


@click.command()
@click.argument("tasks", nargs=-1)
def review(tasks: tuple[str, ...]) -> None:
    """Recompute every score, table and figure of TASKS (default: all published ones) and compare with reports/."""
    began, names = time.perf_counter(), list(tasks or published())
    if not published():
        raise BadInput(f"{FOLDER}: nothing is published here; `sac publish TASK` does it")
    for name in names:
        if name not in published():
            raise BadInput(f"{FOLDER}: {unknown('published task', name, published())}")
    for name in names:
        check_remote(name)
    pull(names)
    for name in names:
        check_sums(name)
    result, left_out = Comparison(0, []), unpublished(names)
    with tempfile.TemporaryDirectory(prefix="sac-review-") as folder:
        for one in run_all(Review(Path(folder)), names, "recomputing"):
            result.add(one)
        if not left_out:
            result.add(compare_overview(Path(folder)))
    for line in result.differences[:SHOWN]:
        click.echo(line, err=True)
    if result.differences:
        raise BadInput(f"review FAILED: {len(result.differences)} of {result.numbers:,} numbers of {len(names)} runs differ "
                       f"from what their stored outputs give; the first is {result.differences[0]}")
    if left_out:
        click.echo(f"not compared: the page and tables over all tasks, which also show {', '.join(left_out)}")
    click.echo(f"review passed: {len(names)} runs, {result.numbers:,} numbers recomputed from stored outputs, all as "
               f"committed ({time.perf_counter() - began:.0f} s)")
