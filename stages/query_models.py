"""Stage `query_models`: what the defender trains on the query share to make probes, surrogates or references."""

from pathlib import Path

import click

from pipeline.benchmark import changed, kind_of, task_part
from pipeline.query_models import KINDS, query_maker
from pipeline.suspects import only_model
from pipeline.zoo import make_models
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("task")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--query", type=INPUT, required=True, help="The query share.")
@click.option("--accuracy", type=INPUT, required=True, help="The images that models are measured on.")
@click.option("--source", type=INPUT, required=True, help="Folder of the source.")
@click.option("--out", type=OUTPUT, required=True, help="Folder for the models.")
@click.option("--records", type=OUTPUT, required=True, help="File for accuracies, seconds and recipes.")
def query_models(task: str, kind: str, query: Path, accuracy: Path, source: Path, out: Path, records: Path) -> None:
    """Train the surrogates or references of TASK."""
    how, verification = task_part(task, kind), task_part(task, "verification")
    maker = query_maker(kind, kind_of(verification))
    recipe = changed(maker.recipe_for(task_part(task, "recipe")), how.recipe)
    make_models(kind, maker, how.archs, how.seeds, recipe, query, accuracy, out, records, only_model(source),
                verification=verification)
