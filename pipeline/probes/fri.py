"""FRI, features from reference images: what face verification is fingerprinted by (SAC-JC, section 3.4).

Eq. 6: the feature of a target is what a model answers, 0 or 1, when the target is shown beside each of n pictures of the
same person: n bits, which Algorithm 1 correlates as if they were logits. Only the target is JPEG-compressed. The paper has
n = 50, and tells neither the number of targets nor the quality nor how people are chosen. Here each probe person gives a
batch of n + 1 pictures, and each target is shown beside the other n of its batch. Targets are drawn person by person in
turn, so that any first part of them shows as many people as it can.
"""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from pipeline.core.errors import BadInput
from pipeline.core.params import Parameters, Seed
from pipeline.data.corrupt import jpeg
from pipeline.data.images import Images
from pipeline.probes.probe_set import DefenderModels, ProbeSet, pair_set, sharing
from pipeline.tasks.task import Count

FEWER = {"fri_5": 5, "fri_10": 10}
"""Methods with fewer pictures beside a target than the task has."""
MORE = {"fri_50": 50}
"""Methods with more of them, which ask about those people alone who have so many."""


class Family(Parameters):
    """Targets, each beside pictures of the same person.

    fri: targets at JPEG `quality`, with the task's n pictures beside each. fri_clean: the same, not compressed. fri_5 and
    fri_10: as fri, with the first 5 or 10 of the pictures, where the task has more. fri_50: 50 pictures, the paper's
    number, where the task has fewer and two people or more have 51 pictures.

    At most `count` targets; fewer than `minimum` are an error. `swapped`: compress BGR, as the authors' KDEF code does.
    """

    tasks: ClassVar = ("verification",)
    methods: ClassVar = ("fri", "fri_clean", *FEWER, *MORE)
    held_out: ClassVar = "pool"

    count: Count
    minimum: Count
    quality: Annotated[int, Field(ge=1, le=95)] = 25
    swapped: bool = False
    seed: Seed = 0

    def __call__(self, held_out: Images, models: DefenderModels) -> list[ProbeSet]:
        """One set of each method; a label is the target's person. Asks no model.

        Facts: the number of pictures beside a target, and of people. Raises BadInput where people or targets are too few.
        """
        draw, most = np.random.default_rng(self.seed), models.gallery
        index, beside = self._drawn(held_out.labels, most, draw)
        sets = [
            self._made("fri", held_out, index, beside),
            self._made("fri_clean", held_out, index, beside, compressed=False),
            *(self._made(method, held_out, index, beside[:, :count]) for method, count in FEWER.items() if count < most),
        ]
        return sharing(
            sets
            + [
                self._made(method, held_out, *self._drawn(held_out.labels, count, draw))
                for method, count in MORE.items()
                if most < count and self._enough(held_out.labels, count)
            ]
        )

    def _enough(self, labels: np.ndarray, pictures: int) -> bool:
        """Whether two people or more of `labels` (N,) have so many pictures beside a target, and targets reach `minimum`."""
        people = int((np.bincount(labels) > pictures).sum())
        return people > 1 and people * (pictures + 1) >= self.minimum

    def _drawn(self, labels: np.ndarray, pictures: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Pictures of the people `labels` (N,): indices of targets (T,) and of the pictures (T, n) beside each."""
        batches = draw.permutation(_batches(labels, pictures + 1, draw))
        index = batches.T.ravel()[: self.count]
        if len(index) < self.minimum:
            raise BadInput(
                f"probes.fri: {len(batches)} people with {pictures + 1} pictures give {len(index)} "
                f"targets, at least {self.minimum} are needed: lower probes.fri.minimum, or enlarge the "
                "task's split.probe_people"
            )
        places, people = np.divmod(np.arange(len(index)), len(batches))
        others = np.stack([np.delete(np.arange(pictures + 1), place) for place in range(pictures + 1)])
        return index, batches[people[:, None], others[places]]

    def _made(self, method: str, held_out: Images, index: np.ndarray, beside: np.ndarray, compressed: bool = True) -> ProbeSet:
        targets, people = held_out.images[index], held_out.labels[index]
        return pair_set(
            method,
            jpeg(targets, self.quality, self.swapped) if compressed else targets,
            people,
            index,
            beside,
            held_out.images,
            pictures=beside.shape[1],
            people=len(np.unique(people)),
        )


def _batches(labels: np.ndarray, size: int, draw: np.random.Generator) -> np.ndarray:
    """Indices (people, size): so many drawn pictures of everybody among `labels` (N,) who has them."""
    counts = np.bincount(labels)
    if counts.max(initial=0) < size:
        raise BadInput(
            f"probes.fri: a target and {size - 1} pictures beside it asked for, nobody has more than "
            f"{counts.max(initial=0)} pictures: lower the task's verification.gallery"
        )
    return np.stack([draw.permutation(np.flatnonzero(labels == person))[:size] for person in np.flatnonzero(counts >= size)])
