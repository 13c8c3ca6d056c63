"""Stage `probes`: the inputs that suspects are asked."""

from pathlib import Path

import click

from pipeline.benchmark import kind_of, task_part
from pipeline.data.images import load_images
from pipeline.probes import read_family
from pipeline.probes.probe_set import DefenderModels, ProbeSet, save_probes
from pipeline.suspects import models_of, only_model
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
def probes(task: str, family: str, defender: Path, accuracy: Path, source: Path, surrogates: Path, references: Path,
           out: Path) -> None:
    """Make the probes of FAMILY for TASK, and a contact sheet of each kind; none where it is for another kind of task."""
    how, verification = read_family(family), task_part(task, "verification")
    sets: list[ProbeSet] = []
    if kind_of(verification) in how.tasks:
        held_out = load_images({"pool": defender / "pool.safetensors", "accuracy": accuracy}[how.held_out])
        models = DefenderModels(only_model(source), tuple(models_of(surrogates)), tuple(models_of(references)),
                                load_images(defender / "calibration.safetensors") if verification else None, verification)
        sets = how(held_out, models)
    save_probes(sets, out)
    click.echo(", ".join(f"{probes.kind} {len(probes)}" for probes in sets))
