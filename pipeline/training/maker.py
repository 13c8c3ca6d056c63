"""How a set of models is made. A maker says what it begins from, what it learns and which layers train; the rest is here."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from pipeline.core.errors import BadInput
from pipeline.core.params import Parameters
from pipeline.data.images import Images
from pipeline.tasks.recipe import Recipe, RecipeChange, changed
from pipeline.tasks.task import Domain, Kind

if TYPE_CHECKING:
    from pipeline.models.network import Network

Made = dict[str, "Network"]
"""The models of one run by variant: {"": network} for most, one entry a ratio for pruning."""

ONLY = ""

Beginning = Literal["fresh", "source", "source_new_head", "start"]
Lesson = Literal["labels", "source_labels", "source_logits", "source_embeddings"]


class Maker(Parameters):
    """The common form of attacks, irrelevant models, the source and the defender's surrogates.

    A call makes the models of one run; most makers only declare how they differ:

    begins: from a `fresh` network, a copy of the `source`, one with a new head for other classes (`source_new_head`), or the
    suspect of another attack (`start`, which names it).
    learns: the images' own `labels`, or what the source answers to them.
    head_only: the features' weights stay; `frozen_statistics` (a parameter, where there is one): their statistics too.
    tasks: the kinds of task that it is for. A source of face verification answers no labels and no logits.
    domain: which images it trains on: the `task`'s own, those of its `transfer`, or `corrupted` ones.
    needs_source: whether the source takes part. Irrelevant models know no source, and are shared between tasks.
    own_arch: whether the models keep the source's architecture (white box) or come in all of the task's.
    code: files of pipeline/ that shape the weights besides what shapes all and the maker's own file.
    extras: the names of files that belong to the models of a run, which `keep` writes.
    copies: how many runs for each of the task's seeds.
    """

    tasks: ClassVar[tuple[Kind, ...]] = ("classification", "verification")
    domain: ClassVar[Domain] = "task"
    begins: ClassVar[Beginning] = "fresh"
    learns: ClassVar[Lesson] = "labels"
    head_only: ClassVar[bool] = False
    needs_source: ClassVar[bool] = True
    own_arch: ClassVar[bool] = False
    start: ClassVar[str | None] = None
    code: ClassVar[tuple[str, ...]] = ()
    extras: ClassVar[tuple[str, ...]] = ()

    copies: Annotated[int, Field(ge=1, le=1000)] = 1
    recipe: RecipeChange = RecipeChange()

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the models that one run yields."""
        return (ONLY,)

    def is_for(self, kind: Kind) -> bool:
        """Whether there is such a maker on a task of this kind."""
        return kind in self.tasks and (kind == "classification" or self.learns in ("labels", "source_embeddings"))

    def recipe_for(self, task: Recipe) -> Recipe:
        """The task's recipe with this maker's own changes, and those of params.yaml on top.

        Raises BadInput if those switch off what the maker is for, such as distillation in one that distils.
        """
        own = type(self).model_fields["recipe"].default
        recipe = changed(changed(task, own), self.recipe)
        for name in own.model_fields_set:
            if getattr(own, name) and not (value := getattr(recipe, name)):
                raise BadInput(
                    f"{type(self).__module__.split('.')[-1]}: recipe.{name} is what it works by, found {json.dumps(value)}"
                )
        return recipe

    def taught(self, source: "Network | None", half: Images) -> Images:
        """`half` with the labels that the models learn: its own, or those that the source answers."""
        if source is None or self.learns not in ("source_labels", "source_logits"):
            return half
        from pipeline.models.network import predict

        return replace(half, labels=predict(source, half.images).argmax(axis=1))

    def __call__(
        self, source: "Network | None", half: Images, arch: str, seed: int, recipe: Recipe, start: "Network | None" = None
    ) -> Made:
        """The models of one run, in eval mode. `source` and `start` stay as they are."""
        from pipeline.training.fit import fit

        network = self._beginning(source, half, arch, seed, start)
        return {
            ONLY: fit(
                network,
                self.taught(source, half),
                recipe,
                seed,
                head_only=self.head_only,
                frozen_statistics=getattr(self, "frozen_statistics", False),
                **self._answers(network, source, half),
            )
        }

    def keep(self, made: Made, files: dict[str, Path]) -> None:
        """Write the files of `extras`, given by name."""

    def _beginning(self, source: "Network | None", half: Images, arch: str, seed: int, start: "Network | None") -> "Network":
        from pipeline.models.network import build, clone, replace_head

        match self.begins, source, start:
            case "source", model, _ if model is not None:
                return clone(model)
            case "source_new_head", model, _ if model is not None:
                return replace_head(model, half, seed)
            case "start", _, model if model is not None:
                return clone(model)
        return build(arch, half, seed)

    def _answers(self, network: "Network", source: "Network | None", half: Images) -> dict[str, Any]:
        """What `fit` is given besides labels: the source itself if it is asked about every view, or its answers."""
        from pipeline.models.network import embeddings, predict

        if source is None or self.learns == "labels":
            return {}
        if getattr(self, "query", "once") == "views":
            return {"teacher": source}
        if self.learns == "source_logits":
            return {"answers": predict(source, half.images)}
        if self.learns == "source_embeddings":
            return {"answers": _of_one_size(network, source, embeddings(source, half.images))}
        return {}


class Extraction(Maker):
    """A thief who asks the source: about every image `once`, or about every augmented view of it (`views`), as the authors."""

    learns = "source_labels"

    query: Literal["once", "views"] = "once"


def _of_one_size(student: "Network", source: "Network", answers: Any) -> Any:
    size, wanted = student.head.centres.shape[1], answers.shape[1]
    if size != wanted:
        raise BadInput(
            f"{student.spec.arch} has embeddings of {size} numbers, the source {source.spec.arch} of {wanted}: a "
            "student needs as many"
        )
    return answers
