"""Orthogonal Procrustes: how near the answers come when one model's are rotated onto the other's.

Ding, Denain & Steinhardt, "Grounding Representation Similarity Through Statistical Testing" (NeurIPS 2021), section 2:
answers centred over the probes and of Frobenius norm 1; the squared distance after the best orthogonal map is
2 - 2 ||Y'X||, a nuclear norm. The score is minus that distance, from -2 to 0. It needs no common classes: the
narrower answers count as if filled up with zeros.
"""

import numpy as np

from pipeline.fingerprints.comparing import Comparing, Told


class Comparison(Comparing):
    """No parameters of its own. A model that always answers the same scores -2."""

    same_classes = False

    def __call__(self, told: Told) -> np.ndarray:
        own, others = _normed(told.source), _normed(told.suspects)
        shared: np.ndarray = np.linalg.svd(others.swapaxes(-1, -2) @ own, compute_uv=False).sum(axis=-1)
        return 2 * shared - 2


def _normed(answers: np.ndarray) -> np.ndarray:
    """Answers (..., P, K) centred over the probes and of Frobenius norm 1; zeros stay zeros."""
    centred = answers - answers.mean(axis=-2, keepdims=True)
    norm = np.linalg.norm(centred, axis=(-1, -2), keepdims=True)
    normed: np.ndarray = np.divide(centred, norm, out=np.zeros_like(centred), where=norm > 0)
    return normed
