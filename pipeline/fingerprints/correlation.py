"""The correlation matrices of SAC (Eq. 1 to 3), compared block by block, so that none is ever whole in memory.

A zero answer has cosine 0 with every answer, itself included, as in the authors' code (rbf_l1.py says what the Gaussian
makes of it). In face
verification an answer is zero where a model says "different" to every picture of the gallery (SAC-JC, Eq. 6). If only one
of source and suspect gives such an answer, their matrices differ on the diagonal too.
"""

from collections.abc import Callable, Iterator

import numpy as np

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]
BLOCK = 1 << 22
"""Entries of a block of all suspects' matrices: 32 MB of float64."""


def block_height(models: int, probes: int) -> int:
    """How many rows of so many models' matrices, `probes` wide, make a block."""
    return max(1, BLOCK // max(1, models * probes))


def unit(answers: np.ndarray) -> np.ndarray:
    """Answers scaled to length 1 along the last axis; a zero answer stays zero.

    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    length = np.linalg.norm(answers, axis=-1, keepdims=True)
    scaled: np.ndarray = np.divide(answers, length, out=np.zeros_like(answers), where=length > 0)
    return scaled


def cosine(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Eq. 2: cosine similarity (..., B, P) of unit answers (..., B, K) and (..., P, K)."""
    products: np.ndarray = rows @ columns.swapaxes(-1, -2)
    return products


def gaussian(delta: float) -> Kernel:
    """Eq. 3: exp(-||a - b||^2 / (2 delta^2)) of answers (..., B, K) and (..., P, K)."""

    def kernel(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        squares = (rows**2).sum(-1)[..., :, None] + (columns**2).sum(-1)[..., None, :]
        squares -= 2 * rows @ columns.swapaxes(-1, -2)
        near: np.ndarray = np.exp(np.maximum(squares, 0) / (-2 * delta**2))
        return near

    return kernel


def l1(source: np.ndarray, suspects: np.ndarray, kernel: Kernel) -> np.ndarray:
    """Eq. 4: the mean absolute difference (S,) of the correlation matrices of source (P, K) and suspects (S, P, K)."""
    total = np.zeros(len(suspects))
    for _, own, others in _blocks(source, suspects, kernel):
        total += np.abs(others - own).sum(axis=(1, 2))
    return total / len(source) ** 2


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
        sums += [
            np.full(len(suspects), own.sum()),
            others.sum((1, 2)),
            np.full(len(suspects), (own**2).sum()),
            (others**2).sum((1, 2)),
            (others * own).sum((1, 2)),
        ]
    x, y, xx, yy, xy = sums / count
    spread = np.sqrt(np.maximum(xx - x**2, 0) * np.maximum(yy - y**2, 0))
    correlations: np.ndarray = np.divide(xy - x * y, spread, out=np.zeros_like(x), where=spread > 1e-12)
    return 1 - correlations


def reweighted_l1(source: np.ndarray, suspects: np.ndarray, kernel: Kernel, weights: np.ndarray) -> np.ndarray:
    """`l1` (R, S) on probes repeated as weights (R, P) say: w'Dw / (sum of w)^2, with the absolute differences D."""
    weights = weights.astype(np.float64)
    total = np.zeros((len(weights), len(suspects)))
    for start, own, others in _blocks(source, suspects, kernel):
        total += _forms(weights, start, np.abs(others - own))
    mean: np.ndarray = total / weights.sum(axis=1, keepdims=True) ** 2
    return mean


def reweighted_pearson(source: np.ndarray, suspects: np.ndarray, kernel: Kernel, weights: np.ndarray) -> np.ndarray:
    """`pearson` (R, S) on probes repeated as weights (R, P) say, from five forms w'Mw less their own diagonal."""
    weights = weights.astype(np.float64)
    sums = np.zeros((5, len(weights), len(suspects)))
    for start, own, others in _blocks(source, suspects, kernel):
        sums[[0, 2]] += [_off_diagonal(weights, start, entries[None]) for entries in (own, own**2)]
        sums[[1, 3, 4]] += [_off_diagonal(weights, start, entries) for entries in (others, others**2, others * own)]
    size = weights.sum(axis=1, keepdims=True)
    count = size * (size - 1)
    x, y, xx, yy, xy = np.divide(sums, count, out=np.zeros_like(sums), where=count > 0)
    spread = np.sqrt(np.maximum(xx - x**2, 0) * np.maximum(yy - y**2, 0))
    correlations: np.ndarray = np.divide(xy - x * y, spread, out=np.zeros_like(x), where=spread > 1e-12)
    return 1 - correlations


def _forms(weights: np.ndarray, start: int, entries: np.ndarray) -> np.ndarray:
    """The part (R, S) of w'Mw that rows (S, B, P) of the matrices M, from the row `start` on, add."""
    rows, step = weights[:, start : start + entries.shape[1]], max(1, BLOCK // max(1, weights.size))
    parts = [np.tensordot(rows, entries[first : first + step], (1, 1)) for first in range(0, len(entries), step)]
    return np.concatenate([np.einsum("rsp,rp->rs", part, weights) for part in parts], axis=1)


def _off_diagonal(weights: np.ndarray, start: int, entries: np.ndarray) -> np.ndarray:
    """`_forms` without each drawn probe's entry with itself; with its repetitions it has one."""
    places = np.arange(entries.shape[1])
    own = weights[:, start + places] @ entries[:, places, start + places].T
    rest: np.ndarray = _forms(weights, start, entries) - own
    return rest


def _blocks(source: np.ndarray, suspects: np.ndarray, kernel: Kernel) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(first row, source's rows (B, P), suspects' rows (S, B, P)) of the correlation matrices, a block at a time."""
    height = block_height(len(suspects), len(source))
    for start in range(0, len(source), height):
        rows = slice(start, start + height)
        yield start, kernel(source[rows], source), kernel(suspects[:, rows], suspects)
