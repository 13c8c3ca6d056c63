"""SAC with the Gaussian RBF kernel and the L1 distance (SAC-JC, Eq. 1, 3 and 4; Table 11).

The authors scale answers to length 1 first, with delta = 1 / sqrt(2): a monotone map of each cosine. A zero answer stays zero:
its kernel is 1 with another zero answer and exp(-1) with any other.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.fingerprints.comparing import Comparing, Told
from pipeline.fingerprints.correlation import gaussian, l1, reweighted_l1, unit


class Comparison(Comparing):
    """`delta` of Eq. 3; `normalised`: answers of length 1 first."""

    same_classes = False

    delta: Annotated[float, Field(gt=0, le=100_000)] = 0.5**0.5
    normalised: bool = True

    def __call__(self, told: Told) -> np.ndarray:
        return -l1(*self._answers(told), gaussian(self.delta))

    def reweighted(self, weights: np.ndarray, told: Told) -> np.ndarray:
        return -reweighted_l1(*self._answers(told), gaussian(self.delta), weights)

    def _answers(self, told: Told) -> tuple[np.ndarray, np.ndarray]:
        return (unit(told.source), unit(told.suspects)) if self.normalised else (told.source, told.suspects)
