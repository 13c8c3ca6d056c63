"""FRI, features from reference images: what face verification is fingerprinted by (SAC-JC, section 3.4).

Eq. 6: the feature of a target is what a model answers, 0 or 1, when the target is shown beside each of n references of the
same person: n bits, which Algorithm 1 correlates as if they were logits. Only the target is JPEG-compressed. The paper has
n = 50, and tells neither the number of targets nor the quality nor how people are chosen. Here each probe person gives a
batch of n + 1 pictures, and each target has the other n of its batch as references. Targets are drawn person by person in
turn, so that any first part of them shows as many people as it can.
"""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from pipeline.benchmark import Count
from pipeline.data.corrupt import jpeg
from pipeline.data.images import Images
from pipeline.errors import BadInput
from pipeline.params import Parameters
from pipeline.probes.probe_set import DefenderModels, ProbeSet, pair_set

FEWER = {"fri_5": 5, "fri_10": 10}
"""Kinds with fewer references than the task has."""


class Family(Parameters):
    """`fri`: targets at JPEG `quality`, with the task's n references; `fri_clean`: the same, not compressed; `fri_5` and
    `fri_10`: as `fri`, with the first 5 or 10 of the references, where the task has more.

    At most `count` targets; fewer than `minimum` are an error. `swapped`: compress BGR, as the authors' KDEF code does.
    """

    tasks: ClassVar = ("verification",)
    kinds: ClassVar = ("fri", "fri_clean", *FEWER)
    held_out: ClassVar = "pool"

    count: Count
    minimum: Count
    quality: Annotated[int, Field(ge=1, le=95)] = 25
    swapped: bool = False
    seed: int = 0

    def __call__(self, held_out: Images, models: DefenderModels) -> list[ProbeSet]:
        """One set of each kind; a label is the target's person. Asks no model.

        Facts: the number of references, and of people. Raises BadInput where people or targets are too few.
        """
        most = models.verification.references
        draw = np.random.default_rng(self.seed)
        batches = draw.permutation(_batches(held_out.labels, most + 1, draw))
        index = batches.T.ravel()[:self.count]
        if len(index) < self.minimum:
            raise BadInput(f"probes.verification: {len(batches)} people with {most + 1} pictures give {len(index)} targets, at "
                           f"least {self.minimum} are needed: lower probes.verification.minimum, or enlarge the task's "
                           "split.probe_people")
        references = _others(*np.divmod(np.arange(len(index)), len(batches)), most)
        gallery = held_out.images[batches.ravel()]
        compressed = jpeg(held_out.images[index], self.quality, self.swapped)

        def made(kind: str, images: np.ndarray, count: int) -> ProbeSet:
            return pair_set(kind, images, held_out.labels[index], index, references[:, :count], gallery, references=count,
                            people=len(np.unique(held_out.labels[index])))

        return [made("fri", compressed, most), made("fri_clean", held_out.images[index], most),
                *(made(kind, compressed, count) for kind, count in FEWER.items() if count < most)]


def _batches(labels: np.ndarray, size: int, draw: np.random.Generator) -> np.ndarray:
    """Indices (people, size): so many drawn pictures of everybody among `labels` (N,) who has them."""
    counts = np.bincount(labels)
    if counts.max(initial=0) < size:
        raise BadInput(f"probes.verification: {size - 1} references and a target asked for, nobody has more than "
                       f"{counts.max(initial=0)} pictures: lower the task's verification.references")
    return np.stack([draw.permutation(np.flatnonzero(labels == person))[:size] for person in np.flatnonzero(counts >= size)])


def _others(places: np.ndarray, people: np.ndarray, count: int) -> np.ndarray:
    """References (T, count): for the picture at each place (T,) of the batch of each person (T,), the others of that batch,
    as places in the gallery of all batches one after another."""
    others = np.stack([np.delete(np.arange(count + 1), place) for place in range(count + 1)])
    return people[:, None] * (count + 1) + others[places]
