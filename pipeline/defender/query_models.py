"""Which maker and recipe a defender's surrogates and references have."""

from pipeline.attacks.distill import Attack as Distill
from pipeline.defender.makers import QUERY_MODELS
from pipeline.tasks.recipe import Recipe, changed
from pipeline.tasks.task import Kind, QueryModels
from pipeline.training.maker import Maker

ROLES = tuple(QUERY_MODELS)


def query_maker(name: str, kind: Kind) -> Maker:
    """The maker of `surrogates` or `references`. Surrogates for face verification learn embeddings, as distilled suspects
    do: there are no soft answers to learn."""
    maker = QUERY_MODELS[name]
    return maker if maker.is_for(kind) else Distill()


def query_recipe(maker: Maker, task: Recipe, wanted: QueryModels) -> Recipe:
    """The task's recipe with the maker's changes, and those that the task asks for on top."""
    return changed(maker.recipe_for(task), wanted.recipe)
