"""SAC with cosine similarity and the L1 distance (SAC-JC, Eq. 1, 2 and 4): the papers' fingerprint.

The authors use (1 - cosine) / 2 for CIFAR-10 and 1 - cosine for KDEF, and their thresholds differ accordingly; this
is Eq. 2, the cosine itself. The score is minus the distance.
"""

import numpy as np

from pipeline.fingerprints.comparing import Comparing, Told
from pipeline.fingerprints.correlation import cosine, l1, reweighted_l1, unit


class Comparison(Comparing):
    """No parameters of its own."""

    same_classes = False

    def __call__(self, told: Told) -> np.ndarray:
        return -l1(unit(told.source), unit(told.suspects), cosine)

    def reweighted(self, weights: np.ndarray, told: Told) -> np.ndarray:
        return -reweighted_l1(unit(told.source), unit(told.suspects), cosine, weights)
