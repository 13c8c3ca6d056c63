"""The correlation matrices of SAC (Eq. 1 to 3), compared block by block, so that none is ever whole in memory.

A zero answer has cosine 0 with every answer, itself included, as in the authors' code (rbf_l1.py says what the Gaussian
makes of it). Such is the feature of a target that
a model tells from all of its references (SAC-JC, Eq. 6): where suspect and source differ in that, the diagonal tells.
"""

from collections.abc import Callable, Iterator

import numpy as np

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]
BLOCK = 1 << 22
"""Entries of a block of all suspects' matrices: 32 MB of float64."""


def unit(answers: np.ndarray) -> np.ndarray:
    """Answers scaled to length 1 along the last axis; a zero answer stays zero."""
    length = np.linalg.norm(answers, axis=-1, keepdims=True)
    return np.divide(answers, length, out=np.zeros_like(answers), where=length > 0)


def cosine(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Eq. 2: cosine similarity (..., B, P) of unit answers (..., B, K) and (..., P, K)."""
    return rows @ columns.swapaxes(-1, -2)


def gaussian(delta: float) -> Kernel:
    """Eq. 3: exp(-||a - b||^2 / (2 delta^2)) of answers (..., B, K) and (..., P, K)."""
    def kernel(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        squares = (rows**2).sum(-1)[..., :, None] + (columns**2).sum(-1)[..., None, :]
        squares -= 2 * rows @ columns.swapaxes(-1, -2)
        return np.exp(np.maximum(squares, 0) / (-2 * delta**2))
    return kernel


def l1(source: np.ndarray, suspects: np.ndarray, kernel: Kernel) -> np.ndarray:
    """Eq. 4: the mean absolute difference (S,) of the correlation matrices of source (P, K) and suspects (S, P, K)."""
    total = np.zeros(len(suspects))
    for _, own, others in _blocks(source, suspects, kernel):
        total += np.abs(others - own).sum(axis=(1, 2))
    return total / len(source)**2


def pearson(source: np.ndarray, suspects: np.ndarray, kernel: Kernel) -> np.ndarray:
    """One minus the Pearson correlation (S,) of the off-diagonal entries of the two correlation matrices.

    Representational similarity analysis (Kriegeskorte et al., 2008). Where one matrix is constant the correlation is
    0.
    """
    count = len(source) * (len(source) - 1)
    if not count:
        return np.ones(len(suspects))
    sums = np.zeros((5, len(suspects)))
    for start, own, others in _blocks(source, suspects, kernel):
        diagonal = np.arange(own.shape[0]), np.arange(start, start + own.shape[0])
        own[diagonal], others[(slice(None), *diagonal)] = 0, 0
        sums += [np.full(len(suspects), own.sum()), others.sum((1, 2)), np.full(len(suspects), (own**2).sum()),
                 (others**2).sum((1, 2)), (others * own).sum((1, 2))]
    x, y, xx, yy, xy = sums / count
    spread = np.sqrt(np.maximum(xx - x**2, 0) * np.maximum(yy - y**2, 0))
    return 1 - np.divide(xy - x * y, spread, out=np.zeros_like(x), where=spread > 1e-12)


def _blocks(source: np.ndarray, suspects: np.ndarray, kernel: Kernel) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(first row, source's rows (B, P), suspects' rows (S, B, P)) of the correlation matrices, a block at a time."""
    height = max(1, BLOCK // max(1, len(suspects) * len(source)))
    for start in range(0, len(source), height):
        rows = slice(start, start + height)
        yield start, kernel(source[rows], source), kernel(suspects[:, rows], suspects)
