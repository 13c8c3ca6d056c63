"""Stage `outputs`: what every suspect answers to the probes of one family."""

from dataclasses import asdict
from pathlib import Path

import click

from pipeline.core.errors import BadInput
from pipeline.core.seal import file_digest, verify
from pipeline.data.images import place_of
from pipeline.defender.query_models import ROLES
from pipeline.outputs.asking import ask, ask_verifiers
from pipeline.outputs.table import SOURCE, write_outputs
from pipeline.probes.probe_set import FACTS, load_probes
from pipeline.tasks.task import task_part
from pipeline.zoo.suspects import INDEX, Index, Suspect, only_model, read_index
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("task")
@click.option("--probes", type=INPUT, required=True, help="Folder of the probes.")
@click.option("--defender", type=INPUT, required=True, help="Folder of the defender's images.")
@click.option("--attacker", type=INPUT, required=True, help="Folder of the attacker's images.")
@click.option("--source", type=INPUT, required=True, help="Folder of the source.")
@click.option("--queried", type=INPUT, multiple=True, help="Folder of the defender's surrogates or references; repeat it.")
@click.option("--suspects", type=INPUT, required=True, multiple=True, help="Folder of an attack's suspects; repeat it.")
@click.option("--out", type=OUTPUT, required=True, help="Parquet file of all answers.")
def outputs(task: str, probes: Path, defender: Path, attacker: Path, source: Path, queried: tuple[Path, ...],
            suspects: tuple[Path, ...], out: Path) -> None:  # fmt: skip
    """Ask the source, the defender's other models and every suspect of TASK all probes of a family.

    In face verification the threshold is its owner's: the defender's for his own models, the attacker's for all others.
    """
    of = {"task": task, "source": file_digest(only_model(source, task=task))}
    asked = verify(probes / FACTS, **of)
    of |= {"family": probes.name, "probes": asked.digest}
    models: dict[Path, Suspect] = {}
    attacks: dict[str, Path] = {}
    for folder in (source, *queried, *suspects):
        index = read_index(folder, task=task, source=of["source"])
        if index.attack in attacks:
            raise BadInput(
                f"{folder}: the suspects of {index.attack}, which {attacks[index.attack]} holds too; `dvc repro` "
                "makes them anew"
            )
        attacks[index.attack] = folder
        of[f"zoo/{index.attack}"] = verify(folder / INDEX).digest
        if len(index.suspects) != (expected := _asked_for(task, index)):
            raise BadInput(f"{folder}: {len(index.suspects)} models, params.yaml asks for {expected}; run `dvc repro`")
        models |= {folder / f"{suspect.name}.safetensors": suspect for suspect in index.suspects}
    sets = load_probes(probes)
    if not sets:
        write_outputs(out, task, [], of)
        return
    if verification := task_part(task, "verification"):
        owners = {
            file: (defender if file.parent in (source, *queried) else attacker) / "calibration.safetensors" for file in models
        }
        for calibration in set(owners.values()):
            verify(calibration, task=task, set=place_of(calibration))
        replies = ask_verifiers(owners, sets, verification)
    else:
        replies = ask(list(models), sets)
    write_outputs(
        out,
        task,
        (
            ({**asdict(suspect), "suspect": suspect.name}, reply.classes, list(zip(sets, reply.logits, strict=True)))
            for suspect, reply in zip(models.values(), replies, strict=True)
        ),
        of,
    )


def _asked_for(task: str, index: Index) -> int:
    """How many models a folder must hold."""
    if index.attack == SOURCE:
        return 1
    if index.attack in ROLES:
        role = task_part(task, index.attack)
        return len(role.archs) * int(role.seeds)
    return index.asked_for(len(task_part(task, "archs")), task_part(task, "seeds"))
