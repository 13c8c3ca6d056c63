"""Probability extraction: a fresh network trained on the source's softened probabilities.

SAC-JC, Eq. 7: alpha KL at temperature T + (1 - alpha) CE with the source's label; `recipe.distillation` holds alpha, T
and whether KL is scaled by T squared. `query` as in label extraction.
"""

from pipeline.tasks.recipe import Distillation, RecipeChange
from pipeline.training.maker import Extraction


class Attack(Extraction):
    """The half's true labels are never read."""

    learns = "source_logits"  # type: ignore[assignment] # mypy takes the inherited value for the type

    recipe: RecipeChange = RecipeChange(distillation=Distillation())
