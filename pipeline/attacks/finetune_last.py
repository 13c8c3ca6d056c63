"""Fine-tuning of the last layers on the attacker's half with its true labels.

SAC-JC, section 4.1 "Fine-tuning" (Finetune-L). "The last layer" is the network's head: of VGG the whole classifier, as
the authors train it. In their code the rest stays in training mode, so its normalisation statistics move.
"""

from pipeline.training.maker import Maker


class Attack(Maker):
    """`frozen_statistics` keeps the normalisation statistics where the source left them."""

    own_arch = True
    begins = "source"
    head_only = True

    frozen_statistics: bool = False
