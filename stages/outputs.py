"""Stage `outputs`: what every suspect answers to the probes of one family."""

from dataclasses import asdict
from pathlib import Path

import click

from pipeline.ask import ask, ask_verifiers
from pipeline.benchmark import task_part
from pipeline.errors import BadInput
from pipeline.outputs import write_outputs
from pipeline.probes.probe_set import load_probes
from pipeline.suspects import Suspect, read_index
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("task")
@click.option("--probes", type=INPUT, required=True, help="Folder of the probes.")
@click.option("--defender", type=INPUT, required=True, help="Folder of the defender's images.")
@click.option("--attacker", type=INPUT, required=True, help="Folder of the attacker's images.")
@click.option("--source", type=INPUT, required=True, help="Folder of the source.")
@click.option("--suspects", type=INPUT, required=True, multiple=True, help="Folder of an attack's suspects; repeat it.")
@click.option("--out", type=OUTPUT, required=True, help="Parquet file of all answers.")
def outputs(task: str, probes: Path, defender: Path, attacker: Path, source: Path, suspects: tuple[Path, ...],
            out: Path) -> None:
    """Ask the source and every suspect of TASK all probes of a family.

    In face verification the threshold is its owner's: the source's the defender's, all others' the attacker's.
    """
    archs, seeds = len(task_part(task, "archs")), task_part(task, "seeds")
    models: dict[Path, Suspect] = {}
    for folder in (source, *suspects):
        index = read_index(folder)
        expected = 1 if folder == source else index.asked_for(archs, seeds)
        if len(index.suspects) != expected:
            raise BadInput(f"{folder}: {len(index.suspects)} suspects, params.yaml asks for {expected}; run `dvc repro`")
        models |= {folder / f"{suspect.name}.safetensors": suspect for suspect in index.suspects}
    sets = load_probes(probes)
    if not sets:
        write_outputs(out, task, [])
        return
    if verification := task_part(task, "verification"):
        owners = {file: (defender if file.parent == source else attacker) / "calibration.safetensors" for file in models}
        replies = ask_verifiers(owners, sets, verification)
    else:
        replies = ask(list(models), sets)
    write_outputs(out, task, (
        ({**asdict(suspect), "suspect": suspect.name}, replies[file].classes,
         list(zip(sets, replies[file].logits, strict=True))) for file, suspect in models.items()))
