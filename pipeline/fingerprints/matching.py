"""Point-wise: the share of probes that the suspect labels as expected.

On misclassified images this is AKH (QuRD, AAAI 2025), on boundary or conferrable examples the matching rate of
IPGuard and CAE.
"""

import numpy as np

from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.representation import Representation


class Comparison(Comparing):
    """Expected is the probe's target, or the source's own label where there is none."""

    same_classes = True
    labelled = True

    representations: tuple[Representation, ...] = ("logits",)

    def __call__(self, source, suspects, labels, targets):
        expected = np.where(targets < 0, source.argmax(axis=-1), targets)
        return (suspects.argmax(axis=-1) == expected).mean(axis=-1)
