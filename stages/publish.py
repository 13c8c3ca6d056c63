"""Publish a run: its snapshot, the page over all reports, and the sums of all that is published."""

import shutil
from pathlib import Path

import click

from pipeline.publish.costs import write_costs
from pipeline.publish.finished import check_finished
from pipeline.publish.remote import FOLDER, store
from pipeline.publish.review import run
from pipeline.publish.snapshot import collect
from pipeline.publish.sums import SUMS, write_sums
from pipeline.publish.untrusted import check_name
from pipeline.reports.tables import read_records
from pipeline.tasks.task import task_part
from stages.spent import run_seconds


@click.command()
@click.argument("task")
def publish(task: str) -> None:
    """Take the finished run of TASK as a snapshot into the remote that travels with the repository, and write anew what stands
    over all tasks and the sums."""
    show_images = task_part(check_name(task, "TASK"), "show_probes")
    check_finished(task)
    attacks = read_records(sorted(Path("artifacts", task, "records").glob("*.json")))
    files = collect(task, show_images, run_seconds(attacks))
    shutil.rmtree(FOLDER / task, ignore_errors=True)  # an older one, pulled
    store(task, files)
    write_costs()
    run(["index"], Path())
    count = write_sums()
    click.echo(
        f"{FOLDER / task}: {sum(map(len, files.values())):,} bytes published; {SUMS}: the sums of {count} files. "
        f"Next: git add snapshots reports && git commit"
    )
