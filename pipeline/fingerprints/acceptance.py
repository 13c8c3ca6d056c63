"""One number a model: how often it takes the target and a picture beside it for one person, over all probes.

The simplest rival of FRI (SAC-JC, section 3.4). A lower threshold puts more ones into every
feature, which moves every correlation of features. Only what FRI finds beyond this rate is about single pictures.
"""

import numpy as np

from pipeline.fingerprints.comparing import FEATURES, Comparing, Told
from pipeline.fingerprints.representation import Representation


class Comparison(Comparing):
    """The nearer the suspect's rate is to the source's, the likelier it is a copy."""

    same_classes = True
    methods = FEATURES

    representations: tuple[Representation, ...] = ("logits",)

    def __call__(self, told: Told) -> np.ndarray:
        away: np.ndarray = np.abs(told.suspects.mean(axis=(1, 2)) - told.source.mean())
        return -away
