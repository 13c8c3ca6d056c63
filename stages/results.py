"""All published tables, listed or one of them as CSV."""

from pathlib import Path

import click

from pipeline.core.errors import BadInput, unknown
from pipeline.reports.library import load
from stages.paths import OUTPUT


@click.command()
@click.argument("table", required=False)
@click.option("--reports", type=OUTPUT, default=Path("reports"), show_default=True, help="The folder of all reports.")
def results(table: str | None, reports: Path) -> None:
    """List all published tables, or print TABLE of all tasks as CSV. In Python: pipeline.reports.library.load()."""
    found = load(reports)
    if table is None:
        for name, frame in found.items():
            click.echo(f"{name:24} {len(frame):7,} rows: {', '.join(frame.columns)}"[:158])
    elif table in found:
        click.echo(found[table].to_csv(index=False), nl=False)
    else:
        raise BadInput(unknown("table", table, found))
