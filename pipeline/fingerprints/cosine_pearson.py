"""Exploratory: SAC with cosine similarity, compared by Pearson correlation instead of the L1 distance.

Representational similarity analysis (Kriegeskorte et al., 2008). It was found on FashionMNIST, so on these data it is
no independent evidence. The score is minus one plus the correlation.
"""

import numpy as np

from pipeline.fingerprints.comparing import Comparing, Told
from pipeline.fingerprints.correlation import cosine, pearson, reweighted_pearson, unit


class Comparison(Comparing):
    """No parameters of its own."""

    same_classes = False

    def __call__(self, told: Told) -> np.ndarray:
        return -pearson(unit(told.source), unit(told.suspects), cosine)

    def reweighted(self, weights: np.ndarray, told: Told) -> np.ndarray:
        return -reweighted_pearson(unit(told.source), unit(told.suspects), cosine, weights)
