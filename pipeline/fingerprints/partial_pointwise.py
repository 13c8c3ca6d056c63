"""Point-wise: the correlation of the source's and the suspect's answers that the reference models do not explain.

As partial.py, with the answers themselves in place of their cosine matrices: logits centred over the probes and each
scaled to length 1, all numbers of all probes in one row. It needs the source's classes, of suspects and references.
"""

from collections.abc import Callable

import numpy as np

from pipeline.fingerprints.comparing import Comparing, Told
from pipeline.fingerprints.partial_correlation import centred_unit, products
from pipeline.fingerprints.representation import Representation


class Comparison(Comparing):
    """No parameters of its own. A suspect that the references explain whole scores 0."""

    same_classes = True
    needs_references = True

    representations: tuple[Representation, ...] = ("logits",)

    def __call__(self, told: Told) -> np.ndarray:
        return self.given(told)(np.arange(len(told.references)))

    def given(self, told: Told) -> Callable[[np.ndarray], np.ndarray]:
        known = np.stack([centred_unit(own).ravel() for own in (*told.references, told.source)])
        total = products(known[-1], centred_unit(told.suspects).reshape(len(told.suspects), -1), known[:-1])
        return lambda chosen: total.given(chosen).partial_correlations()
