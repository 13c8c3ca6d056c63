"""Linear centred kernel alignment (Kornblith et al., ICML 2019, Eq. 3 with linear kernels), of all answers.

||Y'X||^2 / (||X'X|| ||Y'Y||), Frobenius norms, of answers centred over the probes: from 0 to 1. It needs no common
classes, and no reference models.
"""

import numpy as np

from pipeline.fingerprints.comparing import Comparing, Told


class Comparison(Comparing):
    """No parameters of its own. A model that always answers the same scores 0."""

    same_classes = False

    def __call__(self, told: Told) -> np.ndarray:
        own, others = (answers - answers.mean(axis=-2, keepdims=True) for answers in (told.source, told.suspects))
        shared = ((others.swapaxes(-1, -2) @ own) ** 2).sum(axis=(-1, -2))
        spread = np.linalg.norm(own.T @ own) * np.linalg.norm(others.swapaxes(-1, -2) @ others, axis=(-1, -2))
        aligned: np.ndarray = np.divide(shared, spread, out=np.zeros_like(shared), where=spread > 0)
        return aligned
