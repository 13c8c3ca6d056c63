"""Distillation of a face verification model: a fresh network learns the source's embeddings, by one minus their cosine.

SAC-JC, section 4.1 "Model Extraction": verification gives no labels, so that white-box knowledge distillation takes
extraction's place (KD in its Table 2). The paper does not state the loss.
"""

from pipeline.tasks.recipe import RecipeChange
from pipeline.training.maker import Maker


class Attack(Maker):
    """All of the task's architectures. The half's labels are never read and the students' centres never train: only their
    embeddings mean anything. BadInput for an architecture whose embeddings have another size."""

    tasks = ("verification",)
    learns = "source_embeddings"

    recipe: RecipeChange = RecipeChange(imitates_embeddings=True, arcface=None)
