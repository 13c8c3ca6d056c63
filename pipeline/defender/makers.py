"""The models that the defender makes: the source, and the surrogates and references that help to make probes."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.data.images import Images
from pipeline.tasks.recipe import Distillation, Recipe, RecipeChange
from pipeline.tasks.watermark import TRIGGERS, Watermark, save_triggers
from pipeline.training.maker import ONLY, Made, Maker

if TYPE_CHECKING:
    from pipeline.models.network import Network


class Source(Maker):
    """The model to protect: trained from scratch on the defender's half."""

    needs_source = False
    own_arch = True


class WatermarkedSource(Source):
    """A source trained with an entangled watermark (EWE); its triggers are a file of their own."""

    code = ("training/entangle.py", "tasks/watermark.py")
    extras = (TRIGGERS,)

    watermark: Watermark

    def __call__(
        self, source: "Network | None", half: Images, arch: str, seed: int, recipe: Recipe, start: "Network | None" = None
    ) -> Made:
        """As any maker's."""
        from pipeline.models.network import build
        from pipeline.training.entangle import fit_entangled

        network, network.triggers = fit_entangled(  # type: ignore[has-type]
            build(arch, half, seed), half, recipe, self.watermark, seed
        )
        return {ONLY: network}

    def keep(self, made: Made, files: dict[str, Path]) -> None:
        """Write the triggers."""
        save_triggers(made[ONLY].triggers, files[TRIGGERS])


class Surrogate(Maker):
    """A stand-in for extracted models: learns the source's soft answers on the query share.

    They learn on the query share, which the source was not trained on: on its own half a converged source only repeats the true
    labels.
    """

    learns = "source_logits"

    recipe: RecipeChange = RecipeChange(distillation=Distillation())


class Reference(Maker):
    """A stand-in for irrelevant models: learns the true labels of the query share."""

    needs_source = False


QUERY_MODELS = {"surrogates": Surrogate(), "references": Reference()}
"""What the defender trains on the query share, by the name of its section in a task."""
