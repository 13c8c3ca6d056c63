"""One number a model: how often it takes the target and a reference for one person, over all probes.

The simplest rival of FRI (SAC-JC, section 3.4). A threshold that accepts more makes every feature fuller and moves every
correlation of features; what FRI finds beyond this rate is what a model knows of single pictures.
"""

import numpy as np

from pipeline.fingerprints.comparing import FEATURES, Comparing
from pipeline.fingerprints.representation import Representation


class Comparison(Comparing):
    """The nearer the suspect's rate is to the source's, the likelier it is a copy."""

    same_classes = True
    kinds = FEATURES

    representations: tuple[Representation, ...] = ("logits",)

    def __call__(self, source, suspects, labels, targets):
        return -np.abs(suspects.mean(axis=(1, 2)) - source.mean())
