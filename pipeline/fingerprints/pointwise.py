"""The common form of comparisons whose score is a mean over probes."""

from collections.abc import Sequence

import numpy as np

from pipeline.fingerprints.comparing import Comparing


class Pointwise(Comparing):
    """Scores suspects by the mean of one number for each probe."""

    def by_probe(self, source: np.ndarray, suspects: np.ndarray, labels: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """The numbers (S, P), told what a comparison is told."""
        raise NotImplementedError

    def __call__(
        self,
        source: np.ndarray,
        suspects: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray,
        references: Sequence[np.ndarray] = (),
    ) -> np.ndarray:
        return np.asarray(self.by_probe(source, suspects, labels, targets).mean(axis=-1))

    def reweighted(
        self,
        weights: np.ndarray,
        source: np.ndarray,
        suspects: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray,
        references: Sequence[np.ndarray] = (),
    ) -> np.ndarray:
        shares = weights / weights.sum(axis=1, keepdims=True)
        return np.asarray(shares @ self.by_probe(source, suspects, labels, targets).T)
