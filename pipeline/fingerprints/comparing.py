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

    def is_for(self, kind: str) -> bool:
        """Whether it compares answers to probes of this kind."""
        return (not self.kinds or kind in self.kinds) and not (self.labelled and kind in FEATURES)

    def __call__(self, source: np.ndarray, suspects: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Scores (S,) of suspects (S, P, K) against the source (P, K0), for probes of true labels and targets (P,)."""
        raise NotImplementedError
