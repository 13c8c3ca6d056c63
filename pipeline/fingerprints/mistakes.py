"""Point-wise: minus the suspect's accuracy. On JPEG images that the source gets wrong this is WP-JC (SAC-JC, Table
10).

A copy shares the source's mistakes, so it is less accurate on them than an irrelevant model.
"""

import numpy as np

from pipeline.fingerprints.comparing import Told
from pipeline.fingerprints.pointwise import Pointwise
from pipeline.fingerprints.representation import Representation


class Comparison(Pointwise):
    """No parameters of its own."""

    same_classes = True
    labelled = True

    representations: tuple[Representation, ...] = ("logits",)

    def by_probe(self, told: Told) -> np.ndarray:
        right: np.ndarray = told.suspects.argmax(axis=-1) == told.labels
        return -right.astype(float)
