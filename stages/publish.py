"""Publish a finished run: a snapshot that anybody can recompute its tables from."""

import click

from pipeline.benchmark import task_part
from pipeline.snapshot import collect, files_of, push, sums_file


@click.command()
@click.argument("task")
def publish(task: str) -> None:
    """Take the finished run of TASK as a snapshot, and push it to the remote that travels with the repository."""
    folder = collect(task, task_part(task, "show_probes"))
    push(task)
    total = sum(file.stat().st_size for file in files_of(folder))
    click.echo(f"{folder}: {total:,} bytes published. Next: git add snapshots reports/{task} && git commit")
    click.echo(f"sums: {sums_file(task)}")
