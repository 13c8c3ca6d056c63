"""Ask models: their raw logits for sets of probes, or their decisions on pairs, in parallel over models."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.core.executor import run_in_order
from pipeline.data.images import load_images
from pipeline.probes.probe_set import PAIR, ProbeSet
from pipeline.tasks.task import Verification
from pipeline.verification.pairs import LabelledPairs, calibration_pairs
from pipeline.verification.thresholds import cosines
from pipeline.verification.verifier import threshold_of

if TYPE_CHECKING:
    from pipeline.models.network import Network


@dataclass(frozen=True)
class Reply:
    """What one model answered: its class names, and logits (P, classes) for each set, in order.

    A model for face verification tells no classes: its answers have the columns of the probes.
    """

    file: Path
    classes: tuple[str, ...]
    logits: list[np.ndarray]


def ask(files: list[Path], sets: list[ProbeSet]) -> Iterator[Reply]:
    """The replies of the models in `files`, in their order, each as soon as it is there."""
    return _ask(_Ask(sets), files)


def ask_verifiers(files: dict[Path, Path], sets: list[ProbeSet], verification: Verification) -> Iterator[Reply]:
    """The replies of models for face verification. files: of each model, its owner's calibration people."""
    pairs = {path: calibration_pairs(load_images(path), verification) for path in set(files.values())}
    return _ask(_AskVerifiers(sets, files, pairs), list(files))


def _ask(function: "_Ask | _AskVerifiers", files: list[Path]) -> Iterator[Reply]:
    jobs = ((file, file.read_bytes()) for file in files)
    return run_in_order(function, jobs, "asking suspects", len(files))


@dataclass(frozen=True)
class _Ask:
    sets: list[ProbeSet]

    def __call__(self, job: tuple[Path, bytes]) -> Reply:
        from pipeline.models.network import predict, unpack
        from pipeline.training.device import device

        file, data = job
        network = unpack(data, file).to(device())
        return Reply(file, network.spec.classes, [predict(network, probes.images) for probes in self.sets])


@dataclass(frozen=True)
class _AskVerifiers:
    sets: list[ProbeSet]
    calibrations: dict[Path, Path]
    pairs: dict[Path, LabelledPairs]

    def __call__(self, job: tuple[Path, bytes]) -> Reply:
        from pipeline.models.network import unpack
        from pipeline.training.device import device

        file, data = job
        network = unpack(data, file).to(device())
        threshold = threshold_of(network, self.pairs[self.calibrations[file]])
        return Reply(file, (), pair_answers(network, threshold, self.sets))


def pair_answers(network: "Network", threshold: float, sets: list[ProbeSet]) -> list[np.ndarray]:
    """What the network answers to each set, (P, columns) of 0 and 1: for each picture beside the target whether it shows the
    same person, or a one-hot class of PAIR where there is only one. The sets share one gallery."""
    from pipeline.models.network import embeddings

    gallery = embeddings(network, sets[0].shown()[1])
    found = []
    for probes in sets:
        beside, _ = probes.shown()
        targets = embeddings(network, probes.images)[:, None]
        shown = np.broadcast_arrays(targets, gallery[beside])
        same = cosines(*(vectors.reshape(-1, vectors.shape[-1]) for vectors in shown)) >= threshold
        bits = same.reshape(beside.shape).astype(np.float32)
        found.append(np.concatenate([1 - bits, bits], axis=1) if probes.columns == PAIR else bits)
    return found
