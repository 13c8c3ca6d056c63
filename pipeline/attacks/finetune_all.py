"""Fine-tuning of all layers on the attacker's half with its true labels.

SAC-JC, section 4.1 "Fine-tuning" (Finetune-A). The authors: SGD 5e-4, 30 epochs.
"""

from pipeline.training.maker import Maker


class Attack(Maker):
    """A white-box attack: the suspect keeps the source's architecture."""

    own_arch = True
    begins = "source"
