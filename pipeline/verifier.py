"""A network as face verification: two pictures in, out comes whether they show one person, and nothing else.

The threshold is the owner's: he sets it on pairs of his own calibration people, whom no model learned and no probe shows.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.benchmark import Verification
from pipeline.data.images import Images
from pipeline.verification import best_threshold, cosines, cross_validated_accuracy, seeded_pairs

if TYPE_CHECKING:
    from pipeline.models.network import Network


@dataclass(frozen=True)
class LabelledPairs:
    """Pairs of pictures: images (N, C, H, W) uint8, first and second (P,) indices into them, same (P,) bool: one person."""

    images: np.ndarray
    first: np.ndarray
    second: np.ndarray
    same: np.ndarray


def drawn_pairs(data: Images, count: int, seed: int) -> LabelledPairs:
    """`count` seeded pairs of the people in `data`, with the pictures that they need and no others."""
    first, second, same = seeded_pairs(data.labels, count, seed)
    used, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    return LabelledPairs(data.images[used], *places.reshape(2, count), same)


def calibration_pairs(people: Images, how: Verification) -> LabelledPairs:
    """The pairs of an owner's calibration people by which he sets his threshold."""
    return drawn_pairs(people, how.calibration, how.seed)


def similarities(network: "Network", pairs: LabelledPairs) -> np.ndarray:
    """The cosine (P,) of the embeddings of each pair's pictures."""
    from pipeline.models.network import embeddings

    embedded = embeddings(network, pairs.images)
    return cosines(embedded[pairs.first], embedded[pairs.second])


def threshold_of(network: "Network", calibration: LabelledPairs) -> float:
    """The cosine from which on the network's owner answers that two pictures show one person."""
    return best_threshold(similarities(network, calibration), calibration.same)


def verification_accuracy(network: "Network", people: Images, how: Verification) -> float:
    """The cross-validated share of `how.pairs` seeded pairs of `people` that the network answers right."""
    pairs = drawn_pairs(people, how.pairs, how.seed)
    return cross_validated_accuracy(similarities(network, pairs), pairs.same)[0]


def imitation(network: "Network", teacher: "Network", images: np.ndarray) -> float:
    """The mean cosine of two networks' embeddings of the same images (N, C, H, W)."""
    from pipeline.models.network import embeddings

    return float(cosines(embeddings(network, images), embeddings(teacher, images)).mean())
