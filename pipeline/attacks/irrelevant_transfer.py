"""Irrelevant models for transfer learning: trained on the target data set from scratch.

SAC-JC, section 4.3. The authors' release has ten, all of the source's architecture, as the transferred suspects are.
"""

from pipeline.training.maker import Maker


class Attack(Maker):
    """The source's architecture, on the target's images and labels."""

    domain = "transfer"
    needs_source = False
    own_arch = True
