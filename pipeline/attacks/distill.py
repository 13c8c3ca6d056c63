"""Distillation of a face verification model: a fresh network learns the source's embeddings, by one minus their cosine.

SAC-JC, section 4.1 "Model Extraction": verification gives no labels, so that white-box knowledge distillation takes
extraction's place (KD in its Table 2). The paper does not state the loss.
"""

from pipeline.benchmark import RecipeChange
from pipeline.errors import BadInput
from pipeline.training.maker import ONLY, Maker


class Attack(Maker):
    """All of the task's architectures. Who is on the half's images is never read, and the students' centres never
    learn: only embeddings mean anything. BadInput for an architecture whose embeddings have another size."""

    tasks = ("verification",)

    recipe: RecipeChange = RecipeChange(imitates_embeddings=True, arcface=None)

    def __call__(self, source, half, arch, seed, recipe, start=None):
        from pipeline.models.network import build, embeddings
        from pipeline.training.fit import fit

        student, answers = build(arch, half, seed), embeddings(source, half.images)
        size, wanted = student.head.centres.shape[1], answers.shape[1]
        if size != wanted:
            raise BadInput(f"distill: {arch} has embeddings of {size} numbers, the source {source.spec.arch} of {wanted}: "
                           "a student needs as many")
        return {ONLY: fit(student, half, recipe, seed, answers=answers)}
