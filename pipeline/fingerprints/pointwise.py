"""The common form of comparisons whose score is a mean over probes."""

import numpy as np

from pipeline.fingerprints.comparing import Comparing, Told


class Pointwise(Comparing):
    """Scores suspects by the mean of one number for each probe."""

    def by_probe(self, told: Told) -> np.ndarray:
        """The numbers (S, P)."""
        raise NotImplementedError

    def __call__(self, told: Told) -> np.ndarray:
        return np.asarray(self.by_probe(told).mean(axis=-1))

    def reweighted(self, weights: np.ndarray, told: Told) -> np.ndarray:
        shares = weights / weights.sum(axis=1, keepdims=True)
        return np.asarray(shares @ self.by_probe(told).T)
