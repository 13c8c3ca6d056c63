"""Point-wise: the share of probes that the suspect labels as expected.

On misclassified images this is AKH (QuRD, AAAI 2025), on boundary or conferrable examples the matching rate of
IPGuard and CAE.
"""

import numpy as np

from pipeline.fingerprints.comparing import Told
from pipeline.fingerprints.pointwise import Pointwise
from pipeline.fingerprints.representation import Representation


class Comparison(Pointwise):
    """Expected is the probe's target, or the source's own label where there is none."""

    same_classes = True
    labelled = True

    representations: tuple[Representation, ...] = ("logits",)

    def by_probe(self, told: Told) -> np.ndarray:
        expected = np.where(told.targets < 0, told.source.argmax(axis=-1), told.targets)
        same: np.ndarray = told.suspects.argmax(axis=-1) == expected
        return same.astype(float)
