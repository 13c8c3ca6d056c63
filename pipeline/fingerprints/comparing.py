"""The common form of comparisons."""

from typing import ClassVar

import numpy as np

from pipeline.fingerprints.representation import REPRESENTATIONS, Representation
from pipeline.params import Parameters

FEATURES = ("fri", "fri_clean", "fri_5", "fri_10", "fri_50")
"""Kinds of probes that are answered by features of n bits, which have no label."""


class Comparing(Parameters):
    """Scores suspects against the source, in each of `representations`.

    same_classes: compares class by class, so that a suspect with other classes than the source's has no score.
    kinds: the kinds of probes it is for; all, if there are none. labelled: it compares the labels of answers.
    """

    same_classes: ClassVar[bool]
    kinds: ClassVar[tuple[str, ...]] = ()
    labelled: ClassVar[bool] = False

    representations: tuple[Representation, ...] = tuple(REPRESENTATIONS)

    def scored_on(self, kind: str) -> tuple[Representation, ...]:
        """The representations in which it compares answers to probes of this kind; none if it is not for them.

        Bits are compared as they are: softmax would make one of a feature of zeros and a feature of ones.
        """
        if (self.kinds and kind not in self.kinds) or (self.labelled and kind in FEATURES):
            return ()
        return tuple(one for one in self.representations if one == "logits" or kind not in FEATURES)

    def __call__(self, source: np.ndarray, suspects: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Scores (S,) of suspects (S, P, K) against the source (P, K0), for probes of true labels and targets (P,)."""
        raise NotImplementedError
