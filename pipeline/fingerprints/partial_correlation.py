"""Correlation of what references do not explain: least squares on them, then the correlation of the residuals.

With x the source's entries, y a suspect's and Z those of the references and a constant, it is the correlation of
x - Z (Z+ x) and y - Z (Z+ y). For one reference that is (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2)).

Only sums of products are needed, so entries may come a block at a time. Where references explain an entry but for
rounding, nothing is left to correlate: the score is 0.
"""

from dataclasses import dataclass

import numpy as np

LEFT = 1e-9
"""The least share of its variance that references must leave of a model: below it, what is left is rounding."""
LOST = 1e-12
"""The same share of its sum of squares, for entries that hardly vary."""


@dataclass(frozen=True)
class Products:
    """Sums of products over entries. Fixed are a constant, the references and, last, the source.

    fixed (F, F): each with each; crossed (F, S): each with each suspect; squares (S,): each suspect with itself.
    """

    fixed: np.ndarray
    crossed: np.ndarray
    squares: np.ndarray

    def __add__(self, other: "Products") -> "Products":
        return Products(self.fixed + other.fixed, self.crossed + other.crossed, self.squares + other.squares)

    def given(self, chosen: np.ndarray) -> "Products":
        """The same with no references but those at these places among them."""
        kept = np.concatenate([[0], 1 + np.asarray(chosen, int), [len(self.fixed) - 1]])
        return Products(self.fixed[np.ix_(kept, kept)], self.crossed[kept], self.squares)

    def partial_correlations(self) -> np.ndarray:
        """Partial correlations (S,) of source and suspects, given the references."""
        known = self.fixed[:-1, :-1]
        scale = np.sqrt(np.diagonal(known))
        scale = np.where(scale > 0, scale, 1.0)
        inverse = np.linalg.pinv(known / np.outer(scale, scale), rcond=LEFT, hermitian=True) / np.outer(scale, scale)
        own = inverse @ self.fixed[:-1, -1]
        shared = self.crossed[-1] - own @ self.crossed[:-1]
        source = self.fixed[-1, -1] - own @ self.fixed[:-1, -1]
        suspects = self.squares - (self.crossed[:-1] * (inverse @ self.crossed[:-1])).sum(axis=0)
        left = (source > self._rounding(self.fixed[-1, -1], self.fixed[0, -1])) & (
            suspects > self._rounding(self.squares, self.crossed[0])
        )
        spread = np.sqrt(np.maximum(source * suspects, 0))
        found: np.ndarray = np.divide(shared, spread, out=np.zeros_like(shared), where=left & (spread > 0))
        return found.clip(-1, 1)

    def _rounding(self, squares: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """The least sum of squares that is more than rounding, of entries with these sums."""
        least: np.ndarray = np.maximum(LEFT * (squares - sums**2 / self.fixed[0, 0]), LOST * squares)
        return least


def products(source: np.ndarray, suspects: np.ndarray, references: np.ndarray, present: np.ndarray | None = None) -> Products:
    """The sums over entries (N,) of the source, of suspects (S, N) and of references (R, N).

    present (N,): 0 for entries that do not count, which must be 0 everywhere, else 1.
    """
    constant = np.ones(len(source)) if present is None else present
    fixed = np.vstack([constant, references, source])
    return Products(fixed @ fixed.T, fixed @ suspects.T, np.einsum("sn,sn->s", suspects, suspects))


def centred_unit(answers: np.ndarray) -> np.ndarray:
    """Answers (..., P, K) less their mean over probes, scaled to length 1 along the last axis; zeros stay zeros."""
    centred = answers - answers.mean(axis=-2, keepdims=True)
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    units: np.ndarray = np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-12)
    return units
