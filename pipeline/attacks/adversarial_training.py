"""Adversarial training of a face verification model: the source, tuned on the attacker's people and on what fools it.

SAC-JC, section 4.1 "Adversarial Model Extraction": in verification the attacker trains the source itself adversarially
(Adv-Train in its Table 2). Clean images are trained on too, as in extract_adv; the paper states no bound, so it is that
of the authors' code for KDEF.
"""

from pipeline.tasks.recipe import Adversary, RecipeChange
from pipeline.training.maker import Maker


class Attack(Maker):
    """A white-box attack: the suspect keeps the source's architecture."""

    tasks = ("verification",)
    own_arch = True
    begins = "source"

    recipe: RecipeChange = RecipeChange(adversary=Adversary())
