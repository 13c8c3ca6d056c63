"""A network as face verification: it is given two pictures and answers whether they show one person, and nothing else.

The threshold is the owner's: he sets it on pairs of his own calibration people, whom no model learned and no probe shows.
"""

from typing import TYPE_CHECKING

import numpy as np

from pipeline.data.images import Images
from pipeline.tasks.task import Verification
from pipeline.verification.pairs import LabelledPairs, measuring_pairs
from pipeline.verification.thresholds import cosines, cross_validated_accuracy, equal_error_threshold

if TYPE_CHECKING:
    from pipeline.models.network import Network


def similarities(network: "Network", pairs: LabelledPairs) -> np.ndarray:
    """The cosine (P,) of the embeddings of each pair's pictures."""
    from pipeline.models.network import embeddings

    embedded = embeddings(network, pairs.images)
    return cosines(embedded[pairs.first], embedded[pairs.second])


def threshold_of(network: "Network", calibration: LabelledPairs) -> float:
    """The cosine at or above which the network's owner says that two pictures show one person: where both errors are equal.

    The most accurate threshold depends more on which people calibrate, and with it all of FRI's answers
    (benchmarks/RESULTS.md).
    """
    return equal_error_threshold(similarities(network, calibration), calibration.same)


def verification_accuracy(network: "Network", people: Images, verification: Verification) -> float:
    """The cross-validated share of `verification.pairs` seeded pairs of `people` that the network answers right."""
    pairs = measuring_pairs(people, verification)
    return cross_validated_accuracy(similarities(network, pairs), pairs.same)[0]


def imitation(network: "Network", teacher: "Network", images: np.ndarray) -> float:
    """The mean cosine of two networks' embeddings of the same images (N, C, H, W)."""
    from pipeline.models.network import embeddings

    return float(cosines(embeddings(network, images), embeddings(teacher, images)).mean())
