"""Point-wise, of labels alone: the log likelihood ratio of a copy against a reference model.

A probe that no reference labels as expected says much when a suspect does; one that all of them do says nothing. A
reference's chance q of the expected label is (1 + those that match) / (2 + references), Laplace's rule of succession.
A copy is taken to repeat the source with probability c, and else to answer as a reference: c + (1 - c) q. The score is
the sum over probes of log P(matches or not | copy) / P(the same | reference), the Neyman-Pearson statistic of the two
if probes were independent.

Expected is the probe's target, or the source's own label where there is none, as in matching.py.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from pipeline.fingerprints.comparing import Comparing, Told
from pipeline.fingerprints.representation import Representation


class Comparison(Comparing):
    """`copied` is c."""

    same_classes = True
    labelled = True
    needs_references = True

    representations: tuple[Representation, ...] = ("logits",)
    copied: Annotated[float, Field(gt=0, lt=1)] = 0.5

    def __call__(self, told: Told) -> np.ndarray:
        expected = np.where(told.targets < 0, told.source.argmax(axis=-1), told.targets)
        matches = sum((own.argmax(axis=-1) == expected for own in told.references), np.zeros(len(expected)))
        chance = (1 + matches) / (2 + len(told.references))
        match, differ = np.log(self.copied / chance + 1 - self.copied), np.log(1 - self.copied)
        ratios: np.ndarray = np.where(told.suspects.argmax(axis=-1) == expected, match, differ).sum(axis=-1)
        return ratios
