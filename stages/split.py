"""Stage `split`: who owns which image."""

from pathlib import Path

import click
import numpy as np

from pipeline import people
from pipeline.core.seal import write_sealed
from pipeline.data import load
from pipeline.data.images import Images, save_images
from pipeline.data.resize import resized
from pipeline.data.split import corrupted, deal, target_sets
from pipeline.people.dealing import deal_people
from pipeline.tasks.task import task_part
from pipeline.verification.pairs import calibration_pairs, measuring_pairs
from stages.paths import OUTPUT


@click.command()
@click.argument("task")
@click.option("--defender", type=OUTPUT, required=True, help="Folder for his half (task), query, pool and calibration.")
@click.option("--attacker", type=OUTPUT, required=True, help="Folder for his half (task), transfer, corrupted and calibration.")
@click.option("--accuracy", type=OUTPUT, required=True, help="Folder for what models are measured on, likewise.")
@click.option("--manifest", type=OUTPUT, required=True, help="Indices and digests of all sets.")
def split(task: str, defender: Path, attacker: Path, accuracy: Path, manifest: Path) -> None:
    """Deal the images of TASK, or its people, out to defender and attacker, and make the attacker's other data."""
    data = task_part(task, "data")
    deal_out = _people if task_part(task, "verification") else _images
    sets, indices = deal_out(task, data)
    places = {"defender": defender, "attacker": attacker, "accuracy": accuracy}
    for name, images in sets.items():
        owner, file = name.split("/")
        save_images(images, places[owner] / f"{file}.safetensors", task)
    digests = {name: images.digest() for name, images in sets.items()}
    write_sealed(
        manifest,
        {"data": data, "indices": {name: index.tolist() for name, index in indices.items()}, "digests": digests},
        {"task": task},
    )


def _images(task: str, data: str) -> tuple[dict[str, Images], dict[str, np.ndarray]]:
    """The sets by owner and file, and the indices of the five that are dealt out."""
    split = task_part(task, "split")
    train, test = load(data)
    if split.size:
        train, test = (resized(part, part.images.shape[1], split.size) for part in (train, test))
    sets, indices = deal(train, test, split)
    files = {
        "defender/task": sets["defender"],
        "defender/query": sets["query"],
        "defender/pool": sets["pool"],
        "attacker/task": sets["attacker"],
        "accuracy/task": sets["accuracy"],
    }
    return files | _other_data(task, sets, split.seed), indices


def _people(task: str, data: str) -> tuple[dict[str, Images], dict[str, np.ndarray]]:
    """The same for face verification, where each owner also has people to calibrate with.

    Raises BadInput if there are too few people, or too few pairs of them: better now than after training.
    """
    verification = task_part(task, "verification")
    faces = people.load(data, verification.size, verification.channels, verification.most)
    sets, indices = deal_people(faces, task_part(task, "split"))
    measuring_pairs(sets["test"], verification)
    for owner in ("defender", "attacker"):
        calibration_pairs(sets[f"{owner}_calibration"], verification)
    return {
        "defender/task": sets["defender"],
        "defender/query": sets["query"],
        "defender/pool": sets["probe"],
        "defender/calibration": sets["defender_calibration"],
        "attacker/task": sets["attacker"],
        "attacker/calibration": sets["attacker_calibration"],
        "accuracy/task": sets["test"],
    }, indices


def _other_data(task: str, sets: dict[str, Images], seed: int) -> dict[str, Images]:
    """The transfer data set and the corrupted half, where the task has them."""
    files = {}
    if transfer := task_part(task, "transfer"):
        files["attacker/transfer"], files["accuracy/transfer"] = target_sets(
            *load(transfer.data), sets["attacker"], transfer, seed
        )
    if corruption := task_part(task, "corrupted"):
        files["attacker/corrupted"] = corrupted(sets["attacker"], corruption, seed)
        files["accuracy/corrupted"] = corrupted(sets["accuracy"], corruption, seed)
    return files
