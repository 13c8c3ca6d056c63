"""SAC with cosine similarity and the L1 distance (SAC-JC, Eq. 1, 2 and 4): the papers' fingerprint.

The authors use (1 - cosine) / 2 for CIFAR-10 and 1 - cosine for KDEF, and their thresholds differ accordingly; this
is Eq. 2, the cosine itself. The score is minus the distance.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.correlation import cosine, l1, reweighted_l1, unit


class Comparison(Comparing):
    """No parameters of its own."""

    same_classes = False

    def __call__(
        self,
        source: np.ndarray,
        suspects: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray,
        references: Sequence[np.ndarray] = (),
    ) -> np.ndarray:
        return -l1(unit(source), unit(suspects), cosine)

    def reweighted(
        self,
        weights: np.ndarray,
        source: np.ndarray,
        suspects: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray,
        references: Sequence[np.ndarray] = (),
    ) -> np.ndarray:
        return -reweighted_l1(unit(source), unit(suspects), cosine, weights)
