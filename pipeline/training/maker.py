"""How a set of models is made: the fields are its parameters, a call makes the models of one run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from pipeline.benchmark import Kind, RecipeChange, changed
from pipeline.data.images import Images
from pipeline.errors import BadInput
from pipeline.params import Parameters
from pipeline.training.recipe import Recipe

if TYPE_CHECKING:
    from pipeline.models.network import Network

Made = dict[str, "Network"]
"""The models of one run by variant: {"": network} for most, one entry a ratio for pruning."""

ONLY = ""


class Maker(Parameters):
    """The common form of attacks, irrelevant models, the source and the defender's surrogates.

    tasks: the kinds of task that it is for, if it learns no labels that the source answers.
    half: which of the maker's image sets it trains on: `half`, `transfer` or `corrupted`.
    needs_source: whether the source takes part. Irrelevant models know no source, and are shared between tasks.
    own_arch: whether the models keep the source's architecture (white box) or come in all of the task's.
    start: the attack whose model of the same architecture and seed training starts from.
    code: files of pipeline/ that shape the weights besides what shapes all and the maker's own file.
    beside: the names of files that belong to the models of a run, which `keep` writes.
    copies: how many runs for each of the task's seeds.
    """

    tasks: ClassVar[tuple[Kind, ...]] = ("classification", "verification")
    half: ClassVar[str] = "half"
    needs_source: ClassVar[bool] = True
    own_arch: ClassVar[bool] = False
    start: ClassVar[str | None] = None
    code: ClassVar[tuple[str, ...]] = ()
    beside: ClassVar[tuple[str, ...]] = ()

    copies: Annotated[int, Field(ge=1)] = 1
    recipe: RecipeChange = RecipeChange()

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the models that one run yields."""
        return (ONLY,)

    def is_for(self, kind: Kind) -> bool:
        """Whether there is such a maker on a task of this kind. In verification a source answers no labels to learn."""
        return kind in self.tasks and (kind == "classification" or type(self).taught is Maker.taught)

    def recipe_for(self, task: Recipe) -> Recipe:
        """The task's recipe with this maker's own changes, and those of params.yaml on top.

        Raises BadInput if those take away what makes the maker what it is: distillation from one that distils.
        """
        own = type(self).model_fields["recipe"].default
        recipe = changed(changed(task, own), self.recipe)
        for name in own.model_fields_set:
            if getattr(own, name) and not (value := getattr(recipe, name)):
                raise BadInput(f"{type(self).__module__.split('.')[-1]}: recipe.{name} is what it works by, found "
                               f"{json.dumps(value)}")
        return recipe

    def taught(self, source: "Network | None", half: Images) -> Images:
        """`half` with the labels that the models learn: its own, unless the source answers."""
        return half

    def __call__(self, source: "Network | None", half: Images, arch: str, seed: int, recipe: Recipe,
                 start: "Network | None" = None) -> Made:
        """The models of one run, in eval mode. `source` and `start` stay as they are."""
        raise NotImplementedError

    def keep(self, made: Made, files: dict[str, Path]) -> None:
        """Write the files of `beside`, given by name."""
