"""Point-wise: minus the suspect's accuracy. On JPEG images that the source gets wrong this is WP-JC (SAC-JC, Table
10).

A copy shares the source's mistakes, so it is less accurate on them than an irrelevant model.
"""

from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.representation import Representation


class Comparison(Comparing):
    """No parameters of its own."""

    same_classes = True
    labelled = True

    representations: tuple[Representation, ...] = ("logits",)

    def __call__(self, source, suspects, labels, targets):
        return -(suspects.argmax(axis=-1) == labels).mean(axis=-1)
