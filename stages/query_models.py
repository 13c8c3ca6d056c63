"""Stage `query_models`: what the defender trains on the query share to make probes, surrogates or references."""

from pathlib import Path

import click

from pipeline.defender.query_models import ROLES, query_maker, query_recipe
from pipeline.tasks.task import kind_of, task_part
from pipeline.zoo.collect import make_models
from pipeline.zoo.suspects import only_model
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("task")
@click.argument("role", type=click.Choice(ROLES))
@click.option("--query", type=INPUT, required=True, help="The query share.")
@click.option("--accuracy", type=INPUT, required=True, help="The images that models are measured on.")
@click.option("--source", type=INPUT, required=True, help="Folder of the source.")
@click.option("--out", type=OUTPUT, required=True, help="Folder for the models.")
@click.option("--records", type=OUTPUT, required=True, help="File for accuracies and recipes.")
def query_models(task: str, role: str, query: Path, accuracy: Path, source: Path, out: Path, records: Path) -> None:
    """Train the surrogates or references of TASK."""
    wanted, verification = task_part(task, role), task_part(task, "verification")
    maker = query_maker(role, kind_of(verification))
    recipe = query_recipe(maker, task_part(task, "recipe"), wanted)
    make_models(
        task,
        role,
        maker,
        wanted.archs,
        wanted.seeds,
        recipe,
        query,
        accuracy,
        out,
        records,
        only_model(source, task=task),
        verification=verification,
    )
