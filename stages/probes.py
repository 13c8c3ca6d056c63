"""Stage `probes`: the inputs that suspects are asked."""

from pathlib import Path

import click

from pipeline.core.seal import file_digest
from pipeline.data.images import load_set
from pipeline.probes import read_family
from pipeline.probes.probe_set import DefenderModels, ProbeSet, save_probes
from pipeline.tasks.task import kind_of, task_part
from pipeline.zoo.suspects import first_of_each, only_model
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("task")
@click.argument("family")
@click.option("--defender", type=INPUT, required=True, help="Folder of the defender's images: the probe pool is there.")
@click.option("--accuracy", type=INPUT, required=True, help="The accuracy set, which the papers draw probes from.")
@click.option("--source", type=INPUT, required=True, help="Folder of the source.")
@click.option("--surrogates", type=INPUT, required=True, help="Folder of the surrogates.")
@click.option("--references", type=INPUT, required=True, help="Folder of the references.")
@click.option("--out", type=OUTPUT, required=True, help="Folder for the probes.")
def probes(
    task: str, family: str, defender: Path, accuracy: Path, source: Path, surrogates: Path, references: Path, out: Path
) -> None:
    """Make the probes of FAMILY for TASK, and a contact sheet of each method; none where it is for another kind of task."""
    made_by, verification = read_family(family, task), task_part(task, "verification")
    model = only_model(source, task=task)
    of = {"task": task, "source": file_digest(model)}
    sets: list[ProbeSet] = []
    if kind_of(verification) in made_by.tasks:
        held_out = load_set({"pool": defender / "pool.safetensors", "accuracy": accuracy}[made_by.held_out], task)
        people = load_set(defender / "calibration.safetensors", task) if verification else None
        models = DefenderModels(
            model, tuple(first_of_each(surrogates, **of)), tuple(first_of_each(references, **of)), people, verification
        )
        sets = made_by(held_out, models)
    save_probes(sets, out, of)
    click.echo(", ".join(f"{probes.method} {len(probes)}" for probes in sets))
