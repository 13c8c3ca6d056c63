"""Transfer learning, all layers: the source with a new head, trained on the target data set.

SAC-JC, section 4.1 "Transfer Learning" (Transfer-A): CIFAR-10 to the first ten labels of CIFAR-100, or the first
hundred classes of Tiny-ImageNet to the rest.
"""

from pipeline.training.maker import Maker


class Attack(Maker):
    """All layers learn, the new head from scratch."""

    domain = "transfer"
    own_arch = True
    begins = "source_new_head"
