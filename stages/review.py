"""Check all published runs: sums, recompute, compare."""

import tempfile
import time
from pathlib import Path

import click

from pipeline.core.errors import BadInput, unknown
from pipeline.core.executor import run_all
from pipeline.publish.compare import Differences
from pipeline.publish.remote import FOLDER, published
from pipeline.publish.review import Review, compare_overview, make_overview, unpublished
from pipeline.publish.sums import check_sums, read_sums, uncovered

SHOWN = 20


@click.command()
@click.argument("tasks", nargs=-1)
def review(tasks: tuple[str, ...]) -> None:
    """Recompute every score, table and figure of TASKS (default: all published ones) and compare with reports/."""
    began, names = time.perf_counter(), list(dict.fromkeys(tasks)) or published()
    if not published():
        raise BadInput(f"{FOLDER}: nothing is published here; `sac publish TASK` does it")
    for name in names:
        if name not in published():
            raise BadInput(f"{FOLDER}: {unknown('published task', name, published())}")
    sums, result = read_sums()
    result.add(check_sums(sums))
    left_out = unpublished(names)
    result.add(_recomputed(names, bool(left_out)))
    for line in result.differences[:SHOWN]:
        click.echo(line, err=True)
    if result.differences:
        raise BadInput(
            f"review FAILED: {len(result.differences)} differences ({result.numbers:,} numbers of {len(names)} runs "
            f"were recomputed); the first is {result.differences[0]}"
        )
    if left_out:
        click.echo(f"not recomputed: the page and tables over all tasks, which also show {', '.join(left_out)}")
    for file in uncovered(sums):
        click.echo(f"neither recomputed nor covered by a sum: {file}")
    click.echo(
        f"review passed: {len(names)} runs, {result.numbers:,} numbers recomputed from stored outputs, all as "
        f"committed; {len(sums)} files have their published sums ({time.perf_counter() - began:.0f} s)"
    )


def _recomputed(names: list[str], without_overview: bool) -> Differences:
    """What differs from what is made again: of each run, and of what stands over all of them if every run was made."""
    result = Differences(0, [])
    with tempfile.TemporaryDirectory(prefix="sac-review-") as folder:
        scratch = Path(folder)
        for one in run_all(Review(scratch), names, "recomputing", here=True):
            result.add(one)
        if not without_overview and all((scratch / "reports" / name).exists() for name in names):
            result.add(compare_overview(make_overview(scratch)))
    return result
