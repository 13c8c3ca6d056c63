"""Transfer to the corrupted set: the source tuned on the attacker's half after the corruptions of CIFAR10-C.

SAC-JC, section 4.3 "Transfer-10C". The classes stay, and with them the head.
"""

from pipeline.training.maker import Maker


class Attack(Maker):
    """All layers learn."""

    domain = "corrupted"
    own_arch = True
    begins = "source"
