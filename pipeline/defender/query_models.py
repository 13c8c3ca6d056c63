"""Which maker a defender's surrogates and references have, by the kind of the task."""

from pipeline.attacks.distill import Attack as Distill
from pipeline.defender.makers import QUERY_MODELS
from pipeline.tasks.task import Kind
from pipeline.training.maker import Maker

ROLES = tuple(QUERY_MODELS)


def query_maker(name: str, kind: Kind) -> Maker:
    """The maker of `surrogates` or `references`. Surrogates for face verification learn embeddings, as distilled suspects
    do: there are no soft answers to learn."""
    maker = QUERY_MODELS[name]
    return maker if maker.is_for(kind) else Distill()
