"""Stage `zoo`: every suspect of one attack on one task, trained in parallel."""

from pathlib import Path

import click

from pipeline.attacks import read_attack
from pipeline.core.seal import file_digest
from pipeline.tasks.task import kind_of, task_part
from pipeline.zoo.collect import make_models, make_none
from pipeline.zoo.suspects import architecture_of, only_model, read_index
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("task")
@click.argument("attack")
@click.option("--attacker", type=INPUT, required=True, help="Folder of the attacker's images.")
@click.option("--accuracy", type=INPUT, required=True, help="Folder of the images that models are measured on.")
@click.option("--source", type=INPUT, required=True, help="Folder of the source.")
@click.option("--starts", type=INPUT, help="Folder of the suspects that a second attack starts from.")
@click.option("--out", type=OUTPUT, required=True, help="Folder for the suspects.")
@click.option("--records", type=OUTPUT, required=True, help="File for accuracies and recipes.")
def zoo(
    task: str, attack: str, attacker: Path, accuracy: Path, source: Path, starts: Path | None, out: Path, records: Path
) -> None:
    """Train every suspect of ATTACK on TASK; what the store already has is not trained again."""
    maker, verification = read_attack(attack, task), task_part(task, "verification")
    model = only_model(source, task=task)
    if not maker.is_for(kind := kind_of(verification)):
        make_none(task, attack, maker, f"does not apply to {kind}", out, records, model)
        return
    half, test = (folder / f"{maker.domain}.safetensors" for folder in (attacker, accuracy))
    if not half.exists() and maker.domain != "task":
        make_none(task, attack, maker, f"{task} has no {maker.domain} data", out, records, model)
        return
    if starts:
        read_index(starts, task=task, source=file_digest(model))
    archs = [architecture_of(model)] if maker.own_arch else task_part(task, "archs")
    recipe = maker.recipe_for(task_part(task, "recipe"))
    make_models(
        task, attack, maker, archs, task_part(task, "seeds"), recipe, half, test, out, records, model, starts, verification
    )
