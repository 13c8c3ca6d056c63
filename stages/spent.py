"""What the training runs of this folder took, outside the DAG and beside the report: no run repeats its seconds."""

from pathlib import Path

import click

from pipeline.core.errors import BadInput
from pipeline.reports.tables import Attack, costs, read_records
from pipeline.reports.text import write_csv
from pipeline.zoo.store import Store, store_folder
from stages.paths import INPUT


@click.command()
@click.option("--artifacts", type=INPUT, default=Path("artifacts"), show_default=True, help="Where the runs lie.")
def spent(artifacts: Path) -> None:
    """Write costs.csv beside the artifacts of every task that has been run here, and say its core-hours."""
    for records in sorted(artifacts.glob("*/records")):
        attacks = read_records(sorted(records.glob("*.json")))
        table = costs(attacks, run_seconds(attacks))
        write_csv(table, records.parent / "costs.csv")
        hours = table["core_seconds"].iloc[-1] / 3600
        click.echo(f"{records.parent.name}: {hours:.2f} core-hours of training ({records.parent / 'costs.csv'})")


def run_seconds(attacks: list[Attack]) -> dict[str, float]:
    """How long each training run of a task took, by its key, as the store knows it."""
    store = Store(store_folder())
    found = {str(model["key"]): store.seconds(str(model["key"])) for attack in attacks for model in attack.models}
    if missing := [key for key, seconds in found.items() if seconds is None]:
        raise BadInput(
            f"{store.folder}: does not know how long {len(missing)} of {len(found)} training runs took: they were "
            "made with another store; SAC_ZOO names it"
        )
    return {key: seconds for key, seconds in found.items() if seconds is not None}
