"""The source as a training run gets it. What this does shapes the weights of face verification, whose keys hash it."""

from typing import TYPE_CHECKING

from pipeline.tasks.recipe import Recipe
from pipeline.zoo.plan import Material

if TYPE_CHECKING:
    from pipeline.models.network import Network


def source_for(material: Material, recipe: Recipe) -> "Network | None":
    """The source, if it takes part; in face verification with centres for the attacker's people, whom it does not know. Who
    learns its embeddings needs none."""
    from pipeline.models.network import unpack

    if material.source is None:
        return None
    source = unpack(material.source, "the source")
    if not material.verification or recipe.imitates_embeddings:
        return source
    from pipeline.models.face import recentre

    return recentre(source, material.half)
