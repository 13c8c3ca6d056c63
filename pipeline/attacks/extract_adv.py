"""Adversarial extraction: the label-extracted suspect, trained on against its own adversarial examples.

SAC-JC, Eq. 5: min over the suspect of the max over the perturbation of CE(f_stolen(x + delta), f_source(x)); as in the
authors' code the clean images are trained on too. `recipe.adversary` says FGSM or PGD and the bound. Their KDEF script
divides the adversarial loss by itself; this is their CIFAR-10 loss, the plain sum.
"""

from pipeline.tasks.recipe import Adversary, RecipeChange
from pipeline.training.maker import Extraction


class Attack(Extraction):
    """Starts from the label-extracted suspect of the same architecture and seed. True labels are never read."""

    begins = "start"
    start = "extract_label"

    recipe: RecipeChange = RecipeChange(adversary=Adversary())
