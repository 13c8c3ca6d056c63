"""Stage `zoo`: every suspect of one attack on one task, trained in parallel."""

from pathlib import Path

import click

from pipeline.attacks import read_attack
from pipeline.benchmark import kind_of, task_part
from pipeline.suspects import architecture_of, only_model
from pipeline.zoo import make_models, make_none
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("task")
@click.argument("attack")
@click.option("--attacker", type=INPUT, required=True, help="Folder of the attacker's images.")
@click.option("--accuracy", type=INPUT, required=True, help="Folder of the images that models are measured on.")
@click.option("--source", type=INPUT, required=True, help="Folder of the source.")
@click.option("--starts", type=INPUT, help="Folder of the suspects that a second attack starts from.")
@click.option("--out", type=OUTPUT, required=True, help="Folder for the suspects.")
@click.option("--records", type=OUTPUT, required=True, help="File for accuracies, seconds and recipes.")
def zoo(task: str, attack: str, attacker: Path, accuracy: Path, source: Path, starts: Path | None, out: Path,
        records: Path) -> None:
    """Train every suspect of ATTACK on TASK; what the store already has is not trained again."""
    maker, verification = read_attack(attack), task_part(task, "verification")
    if not maker.is_for(kind := kind_of(verification)):
        make_none(attack, maker, f"does not apply to {kind}", out, records)
        return
    half, test = (folder / f"{maker.half}.safetensors" for folder in (attacker, accuracy))
    if not half.exists() and maker.half != "half":
        make_none(attack, maker, f"{task} has no {maker.half} data", out, records)
        return
    model = only_model(source)
    archs = [architecture_of(model)] if maker.own_arch else task_part(task, "archs")
    recipe = maker.recipe_for(task_part(task, "recipe"))
    make_models(attack, maker, archs, task_part(task, "seeds"), recipe, half, test, out, records, model, starts, verification)
