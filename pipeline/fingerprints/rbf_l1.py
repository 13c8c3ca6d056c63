"""SAC with the Gaussian RBF kernel and the L1 distance (SAC-JC, Eq. 1, 3 and 4; Table 11).

The authors scale answers to length 1 first, with delta = 1 / sqrt(2): a monotone map of each cosine. A zero answer has no
cosine and stays at the centre: 1 with another zero, exp(-1) with all that is not.
"""

from typing import Annotated

from pydantic import Field

from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.correlation import gaussian, l1, unit


class Comparison(Comparing):
    """`delta` of Eq. 3; `normalised`: answers of length 1 first."""

    same_classes = False

    delta: Annotated[float, Field(gt=0)] = 0.5**0.5
    normalised: bool = True

    def __call__(self, source, suspects, labels, targets):
        if self.normalised:
            source, suspects = unit(source), unit(suspects)
        return -l1(source, suspects, gaussian(self.delta))
