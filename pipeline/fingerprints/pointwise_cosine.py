"""Point-wise: the mean cosine of the suspect's and the source's answers to the same probe.

On the SAC authors' own CIFAR-10 models it ties or beats SAC; a benchmark that hides that is worth nothing.
"""

import numpy as np

from pipeline.fingerprints.comparing import Told
from pipeline.fingerprints.correlation import unit
from pipeline.fingerprints.pointwise import Pointwise


class Comparison(Pointwise):
    """No parameters of its own."""

    same_classes = True

    def by_probe(self, told: Told) -> np.ndarray:
        cosines: np.ndarray = (unit(told.suspects) * unit(told.source)).sum(axis=-1)
        return cosines
