"""SAC with the Gaussian RBF kernel and the L1 distance (SAC-JC, Eq. 1, 3 and 4; Table 11).

The authors scale answers to length 1 first, with delta = 1 / sqrt(2): a monotone map of each cosine. A zero answer stays zero:
its kernel is 1 with another zero answer and exp(-1) with any other.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.correlation import gaussian, l1, reweighted_l1, unit


class Comparison(Comparing):
    """`delta` of Eq. 3; `normalised`: answers of length 1 first."""

    same_classes = False

    delta: Annotated[float, Field(gt=0, le=100_000)] = 0.5**0.5
    normalised: bool = True

    def __call__(
        self,
        source: np.ndarray,
        suspects: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray,
        references: Sequence[np.ndarray] = (),
    ) -> np.ndarray:
        if self.normalised:
            source, suspects = unit(source), unit(suspects)
        return -l1(source, suspects, gaussian(self.delta))

    def reweighted(
        self,
        weights: np.ndarray,
        source: np.ndarray,
        suspects: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray,
        references: Sequence[np.ndarray] = (),
    ) -> np.ndarray:
        if self.normalised:
            source, suspects = unit(source), unit(suspects)
        return -reweighted_l1(source, suspects, gaussian(self.delta), weights)
