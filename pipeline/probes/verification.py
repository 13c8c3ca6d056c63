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
from pipeline.probes.probe_set import DefenderModels, ProbeSet, pair_set, sharing

FEWER = {"fri_5": 5, "fri_10": 10}
"""Kinds with fewer references than the task has."""
MORE = {"fri_50": 50}
"""Kinds with more of them, by those people alone who have the pictures."""


class Family(Parameters):
    """`fri`: targets at JPEG `quality`, with the task's n references; `fri_clean`: the same, not compressed; `fri_5` and
    `fri_10`: as `fri`, with the first 5 or 10 of the references, where the task has more; `fri_50`: 50 references, the
    paper's number, where the task has fewer and two people or more have 51 pictures.

    At most `count` targets; fewer than `minimum` are an error. `swapped`: compress BGR, as the authors' KDEF code does.
    """

    tasks: ClassVar = ("verification",)
    kinds: ClassVar = ("fri", "fri_clean", *FEWER, *MORE)
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
        draw, most = np.random.default_rng(self.seed), models.verification.references
        index, references = self._drawn(held_out.labels, most, draw)
        sets = [self._made("fri", held_out, index, references),
                self._made("fri_clean", held_out, index, references, compressed=False),
                *(self._made(kind, held_out, index, references[:, :count]) for kind, count in FEWER.items() if count < most)]
        return sharing(sets + [self._made(kind, held_out, *self._drawn(held_out.labels, count, draw))
                               for kind, count in MORE.items() if most < count and self._enough(held_out.labels, count)])

    def _enough(self, labels: np.ndarray, references: int) -> bool:
        """Whether two people or more of `labels` (N,) have so many pictures beside a target, and targets reach `minimum`."""
        people = int((np.bincount(labels) > references).sum())
        return people > 1 and people * (references + 1) >= self.minimum

    def _drawn(self, labels: np.ndarray, references: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Pictures of the people `labels` (N,): indices of targets (T,) and of the references (T, n) of each."""
        batches = draw.permutation(_batches(labels, references + 1, draw))
        index = batches.T.ravel()[:self.count]
        if len(index) < self.minimum:
            raise BadInput(f"probes.verification: {len(batches)} people with {references + 1} pictures give {len(index)} "
                           f"targets, at least {self.minimum} are needed: lower probes.verification.minimum, or enlarge the "
                           "task's split.probe_people")
        places, people = np.divmod(np.arange(len(index)), len(batches))
        others = np.stack([np.delete(np.arange(references + 1), place) for place in range(references + 1)])
        return index, batches[people[:, None], others[places]]

    def _made(self, kind: str, held_out: Images, index: np.ndarray, references: np.ndarray,
              compressed: bool = True) -> ProbeSet:
        targets, people = held_out.images[index], held_out.labels[index]
        return pair_set(kind, jpeg(targets, self.quality, self.swapped) if compressed else targets, people, index, references,
                        held_out.images, references=references.shape[1], people=len(np.unique(people)))


def _batches(labels: np.ndarray, size: int, draw: np.random.Generator) -> np.ndarray:
    """Indices (people, size): so many drawn pictures of everybody among `labels` (N,) who has them."""
    counts = np.bincount(labels)
    if counts.max(initial=0) < size:
        raise BadInput(f"probes.verification: {size - 1} references and a target asked for, nobody has more than "
                       f"{counts.max(initial=0)} pictures: lower the task's verification.references")
    return np.stack([draw.permutation(np.flatnonzero(labels == person))[:size] for person in np.flatnonzero(counts >= size)])
