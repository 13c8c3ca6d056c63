"""Distance correlation (Székely, Rizzo & Bakirov, Annals of Statistics 2007, definitions 4 and 5) of all answers.

The Euclidean distances of all pairs of answers, each matrix less its means over rows and columns; the root of their
covariance over the roots of their variances, from 0 to 1. It is the nonlinear relative of linear CKA, and needs
neither common classes nor reference models.
"""

import numpy as np

from pipeline.fingerprints.comparing import Comparing, Told
from pipeline.fingerprints.correlation import block_height


class Comparison(Comparing):
    """No parameters of its own. A model that always answers the same scores 0."""

    same_classes = False

    def __call__(self, told: Told) -> np.ndarray:
        count, height = len(told.source), block_height(len(told.suspects), len(told.source))
        means, others = np.zeros(count), np.zeros((len(told.suspects), count))
        sums = np.zeros((3, len(told.suspects)))
        for start in range(0, count, height):
            rows = slice(start, start + height)
            own, theirs = _distances(told.source, rows), _distances(told.suspects, rows)
            means[rows], others[:, rows] = own.mean(axis=-1), theirs.mean(axis=-1)
            sums += [
                np.einsum("sbp,bp->s", theirs, own),
                np.einsum("sbp,sbp->s", theirs, theirs),
                np.full(len(told.suspects), (own**2).sum()),
            ]
        shared = _covariance(sums[0], others, means)
        spread = np.sqrt(np.maximum(_covariance(sums[1], others, others) * _covariance(sums[2], means, means), 0))
        least = 1e-12 * np.sqrt(sums[1] * sums[2]) / count**2
        ratio: np.ndarray = np.divide(shared, spread, out=np.zeros_like(shared), where=spread > least)
        return ratio.clip(0, 1) ** 0.5


def _distances(answers: np.ndarray, rows: slice) -> np.ndarray:
    """Euclidean distances (..., B, P) of some answers (..., P, K) and all of them."""
    own = answers[..., rows, :]
    squares = (own**2).sum(-1)[..., :, None] + (answers**2).sum(-1)[..., None, :]
    squares -= 2 * own @ answers.swapaxes(-1, -2)
    row = np.arange(own.shape[-2])
    squares[..., row, rows.start + row] = 0
    distances: np.ndarray = np.sqrt(np.maximum(squares, 0))
    return distances


def _covariance(products: np.ndarray, means: np.ndarray, other_means: np.ndarray) -> np.ndarray:
    """The squared distance covariance, from the sum of products of distances and the distances' means by probe."""
    count = means.shape[-1]
    between = (means * other_means).mean(axis=-1)
    covariance: np.ndarray = products / count**2 + means.mean(axis=-1) * other_means.mean(axis=-1) - 2 * between
    return covariance
