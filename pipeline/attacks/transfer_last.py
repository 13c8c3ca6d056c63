"""Transfer learning, last layer: the source's features with a new head for the target data set.

SAC-JC, section 4.1 "Transfer Learning" (Transfer-L).
"""

from pipeline.training.maker import Maker


class Attack(Maker):
    """Only the head learns; `frozen_statistics` as in fine-tuning of the last layers."""

    domain = "transfer"
    own_arch = True
    begins = "source_new_head"
    head_only = True

    frozen_statistics: bool = False
