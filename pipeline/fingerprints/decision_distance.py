"""ModelDiff (Li et al., ISSTA 2021): how far a model's answers move within each pair of probes.

The decision distance vector of a model holds the cosine distance of its answers to probes 2i and 2i + 1; the score is
the cosine similarity of the suspect's vector and the source's, from 0 to 1. Classes need not be the same, nor as many.

The cosine distance is computed as half the squared distance of the answers scaled to length 1: the same, but no digits
are lost where answers are close. Equal answers are at distance 0, and a model that always answers the same scores 0.
"""

import numpy as np

from pipeline.fingerprints.comparing import Comparing, Told
from pipeline.fingerprints.correlation import unit


class Comparison(Comparing):
    """No parameters of its own. A last probe without a partner is ignored."""

    same_classes = False
    methods = ("modeldiff",)
    together = 2

    def __call__(self, told: Told) -> np.ndarray:
        likeness: np.ndarray = unit(decision_distances(told.suspects)) @ unit(decision_distances(told.source))
        return likeness


def decision_distances(answers: np.ndarray) -> np.ndarray:
    """The cosine distances (..., P // 2), from 0 to 2, of the pairs among answers (..., P, K)."""
    paired = unit(answers[..., : answers.shape[-2] // 2 * 2, :])
    squares: np.ndarray = ((paired[..., ::2, :] - paired[..., 1::2, :]) ** 2).sum(axis=-1)
    return squares / 2
