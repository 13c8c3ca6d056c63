"""Irrelevant models for transfer to the corrupted set: trained on that set from scratch.

SAC-JC, section 4.3 "Transfer-10C". The authors trained theirs on corrupted *test* images, from which their probes were
drawn too; these see the attacker's own images alone.
"""

from pipeline.training.maker import Maker


class Attack(Maker):
    """The source's architecture, on the attacker's half corrupted."""

    domain = "corrupted"
    needs_source = False
    own_arch = True
