"""The pairs of pictures by which face verification is calibrated and measured. Knows no torch."""

from dataclasses import dataclass, replace

import numpy as np

from pipeline.core.errors import BadInput
from pipeline.data.images import Images
from pipeline.tasks.task import Verification
from pipeline.verification.thresholds import seeded_pairs


@dataclass(frozen=True)
class LabelledPairs:
    """Pairs of pictures: images (N, C, H, W) uint8, first and second (P,) indices into them, same (P,) bool: one person."""

    images: np.ndarray
    first: np.ndarray
    second: np.ndarray
    same: np.ndarray

    @property
    def targets(self) -> np.ndarray:
        """The first pictures (P, C, H, W) of all pairs."""
        return self.images[self.first]  # type: ignore[no-any-return]

    def take(self, index: np.ndarray) -> "LabelledPairs":
        """The pairs at `index`, of the same images."""
        return replace(self, first=self.first[index], second=self.second[index], same=self.same[index])


def calibration_pairs(people: Images, verification: Verification) -> LabelledPairs:
    """The pairs of an owner's calibration people by which he sets his threshold. BadInput if they have too few."""
    return _drawn(people, verification.calibration, verification.seed, "calibration")


def measuring_pairs(people: Images, verification: Verification) -> LabelledPairs:
    """The pairs of test people by which models are measured. BadInput if they have too few."""
    return _drawn(people, verification.pairs, verification.seed, "pairs")


def _drawn(people: Images, count: int, seed: int, part: str) -> LabelledPairs:
    """`count` seeded pairs of `people`, with the pictures that they need and no others."""
    try:
        first, second, same = seeded_pairs(people.labels, count, seed)
    except BadInput as error:
        raise BadInput(f"verification.{part}: {error}") from None
    used, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    return LabelledPairs(people.images[used], *places.reshape(2, count), same)  # type: ignore[call-arg] # two rows
