"""Stage `source`: the model to protect."""

from pathlib import Path

import click

from pipeline.defender.makers import Source, WatermarkedSource
from pipeline.tasks.task import task_part
from pipeline.zoo.collect import make_models
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("task")
@click.option("--half", type=INPUT, required=True, help="The defender's half.")
@click.option("--accuracy", type=INPUT, required=True, help="The images that models are measured on.")
@click.option("--out", type=OUTPUT, required=True, help="Folder for the source.")
@click.option("--records", type=OUTPUT, required=True, help="File for accuracies and recipes.")
def source(task: str, half: Path, accuracy: Path, out: Path, records: Path) -> None:
    """Train the source of TASK on the defender's half."""
    watermark = task_part(task, "watermark")
    maker = WatermarkedSource(watermark=watermark) if watermark else Source()
    make_models(
        task,
        "source",
        maker,
        [task_part(task, "source")],
        1,
        task_part(task, "recipe"),
        half,
        accuracy,
        out,
        records,
        verification=task_part(task, "verification"),
        first_seed=task_part(task, "source_seed"),
    )
