"""Ask models: their raw logits for sets of probes, or their decisions on pairs, in parallel over models."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.benchmark import Verification
from pipeline.data.images import load_images
from pipeline.executor import run_all
from pipeline.pairs import calibration_pairs
from pipeline.probes.probe_set import PAIR, ProbeSet
from pipeline.verification import cosines
from pipeline.verifier import threshold_of


@dataclass(frozen=True)
class Reply:
    """What one model answered: its class names, and logits (P, classes) for each set, in order.

    A model for face verification tells no classes: its answers have the columns of the probes.
    """

    file: Path
    classes: tuple[str, ...]
    logits: list[np.ndarray]


def ask(files: list[Path], sets: list[ProbeSet]) -> dict[Path, Reply]:
    """The replies of the models in `files`, by file."""
    return _ask(_Ask(sets), files)


def ask_verifiers(files: dict[Path, Path], sets: list[ProbeSet], how: Verification) -> dict[Path, Reply]:
    """The replies of models for face verification, by file. files: of each model, its owner's calibration people."""
    return _ask(_AskVerifiers(sets, files, how), list(files))


def _ask(function, files: list[Path]) -> dict[Path, Reply]:
    batches = [files[start::PARTS] for start in range(PARTS)]
    replies = run_all(function, [batch for batch in batches if batch], "asking suspects")
    return {reply.file: reply for batch in replies for reply in batch}


PARTS = 16
"""A job asks a sixteenth of all models, so that the probes travel to a process sixteen times and not once a model."""


@dataclass(frozen=True)
class _Ask:
    sets: list[ProbeSet]

    def __call__(self, files: list[Path]) -> list[Reply]:
        from pipeline.models.network import load, predict
        from pipeline.training.device import device

        replies = []
        for file in files:
            network = load(file).to(device())
            replies.append(Reply(file, network.spec.classes, [predict(network, probes.images) for probes in self.sets]))
        return replies


@dataclass(frozen=True)
class _AskVerifiers:
    sets: list[ProbeSet]
    calibrations: dict[Path, Path]
    how: Verification

    def __call__(self, files: list[Path]) -> list[Reply]:
        from pipeline.models.network import load
        from pipeline.training.device import device

        pairs = {path: calibration_pairs(load_images(path), self.how)
                 for path in {self.calibrations[file] for file in files}}
        replies = []
        for file in files:
            network = load(file).to(device())
            threshold = threshold_of(network, pairs[self.calibrations[file]])
            replies.append(Reply(file, (), pair_answers(network, threshold, self.sets)))
        return replies


def pair_answers(network, threshold: float, sets: list[ProbeSet]) -> list[np.ndarray]:
    """What the network answers to each set, (P, columns) of 0 and 1: for each reference whether it shows the same person, or
    a one-hot class of PAIR where there is only one. The sets share one gallery."""
    from pipeline.models.network import embeddings

    gallery = embeddings(network, sets[0].gallery)
    found = []
    for probes in sets:
        targets = embeddings(network, probes.images)[:, None]
        shown = np.broadcast_arrays(targets, gallery[probes.references])
        same = cosines(*(vectors.reshape(-1, vectors.shape[-1]) for vectors in shown)) >= threshold
        bits = same.reshape(probes.references.shape).astype(np.float32)
        found.append(np.concatenate([1 - bits, bits], axis=1) if probes.columns == PAIR else bits)
    return found
