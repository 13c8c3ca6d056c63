"""Exploratory: SAC with cosine similarity, compared by Pearson correlation instead of the L1 distance.

Representational similarity analysis (Kriegeskorte et al., 2008). It was found on FashionMNIST, so on these data it is
no independent evidence. The score is minus one plus the correlation.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.correlation import cosine, pearson, reweighted_pearson, unit


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
        return -pearson(unit(source), unit(suspects), cosine)

    def reweighted(
        self,
        weights: np.ndarray,
        source: np.ndarray,
        suspects: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray,
        references: Sequence[np.ndarray] = (),
    ) -> np.ndarray:
        return -reweighted_pearson(unit(source), unit(suspects), cosine, weights)
