"""Pairwise: the correlation of source and suspect that the reference models do not explain.

Models that learned one task share most of a correlation matrix, copies or not. Logits are centred over the probes; the
off-diagonal entries of source's and suspect's cosine matrices are regressed on those of the references, and the
residuals are correlated. That is the partial Mantel statistic (Smouse, Long & Sokal, Systematic Zoology 1986) of
representational similarity matrices (Kriegeskorte, Mur & Bandettini, Frontiers in Systems Neuroscience 2008).

Neither the number of a model's classes nor their order matters, and each model's logits may be scaled or rotated.
"""

from collections.abc import Callable

import numpy as np

from pipeline.fingerprints.comparing import Comparing, Told
from pipeline.fingerprints.correlation import block_height, cosine
from pipeline.fingerprints.partial_correlation import Products, centred_unit, products
from pipeline.fingerprints.representation import Representation


class Comparison(Comparing):
    """No parameters of its own. A suspect that the references explain whole scores 0."""

    same_classes = False
    needs_references = True

    representations: tuple[Representation, ...] = ("logits",)

    def __call__(self, told: Told) -> np.ndarray:
        return self.given(told)(np.arange(len(told.references)))

    def given(self, told: Told) -> Callable[[np.ndarray], np.ndarray]:
        fixed, others = [centred_unit(own) for own in (*told.references, told.source)], centred_unit(told.suspects)
        height = block_height(len(others) + len(fixed), len(told.source))
        total = _rows(slice(0, height), fixed, others)
        for start in range(height, len(told.source), height):
            total += _rows(slice(start, start + height), fixed, others)
        return lambda chosen: total.given(chosen).partial_correlations()


def _rows(rows: slice, fixed: list[np.ndarray], suspects: np.ndarray) -> Products:
    """The sums over some rows of all cosine matrices, without their diagonals."""

    def entries(units: np.ndarray) -> np.ndarray:
        matrix = cosine(units[..., rows, :], units)
        row = np.arange(matrix.shape[-2])
        matrix[..., row, rows.start + row] = 0
        return matrix.reshape(*matrix.shape[:-2], -1)

    known = np.stack([entries(units) for units in fixed])
    height, count = fixed[0][rows].shape[0], len(fixed[0])
    present = np.ones((height, count))
    present[np.arange(height), rows.start + np.arange(height)] = 0
    return products(known[-1], entries(suspects), known[:-1], present.ravel())
