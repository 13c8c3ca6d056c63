"""A task: a data set with a source architecture, the unit of a table. The typed form of `benchmarks.<task>`."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, create_model, model_validator

from pipeline.params import Parameters, read
from pipeline.training.recipe import Recipe
from pipeline.training.watermark import Watermark

Count = Annotated[int, Field(ge=1)]
Pairs = Annotated[int, Field(ge=2, multiple_of=2)]
Kind = Literal["classification", "verification"]
"""What a task asks of a model: a class of one picture, or whether two show one person."""

RecipeChange = create_model("RecipeChange", __base__=Parameters, **{
    name: (field.rebuild_annotation(), None) for name, field in Recipe.model_fields.items()})
RecipeChange.__doc__ = "What a recipe does differently from its task's: only the keys that are given count."


def changed(recipe: Recipe, change: RecipeChange) -> Recipe:
    """`recipe` with what `change` sets."""
    return recipe.model_copy(update={name: getattr(change, name) for name in change.model_fields_set})


def unlike(values: tuple) -> tuple:
    """`values`, none of which may come twice."""
    if len(set(values)) < len(values):
        raise ValueError(f"expected no value twice, found {', '.join(map(str, values))}")
    return values


class Split(Parameters):
    """How many images each of the five disjoint, stratified sets gets, and the seed that deals them out.

    defender, attacker and query come from the data set's training images, pool and accuracy from its test images.
    """

    defender: Count
    attacker: Count
    query: Count
    pool: Count
    accuracy: Count
    seed: int = 0


class PeopleSplit(Parameters):
    """How many people each group gets, and the seed that deals them out.

    Of those with more than `references` pictures, up to `probe_people` become probes; at least one must be there. Who is
    learned has at least `least_images` pictures; calibration and test people have two or more, or there is no pair of
    one person.
    """

    defender: Count
    attacker: Count
    query: Count
    defender_calibration: Count
    attacker_calibration: Count
    test: Count
    probe_people: Count
    references: Count
    least_images: Annotated[int, Field(ge=2)] = 2
    seed: int = 0


def _dealt(value: Any) -> Any:
    """A raw split as the kind whose keys it has, so that a misspelt key is compared with those of that kind alone."""
    if not isinstance(value, dict):
        return value
    people = PeopleSplit.model_fields.keys() - Split.model_fields.keys()
    return (PeopleSplit if people & value.keys() else Split).model_validate(value)


class Verification(Parameters):
    """What makes a task face verification: its data are people, and a model answers whether two pictures show one person.

    size and channels: of the pictures. most: read only the people with the most pictures. references: n of SAC-JC's
    Eq. 6. pairs: of test people, by which models are measured in ten folds. calibration: pairs of each owner's own people,
    by which he sets his threshold. Half of either show one person; `seed` draws them.
    """

    size: Count
    channels: Literal[1, 3]
    most: Count | None = None
    references: Annotated[int, Field(ge=2)]
    pairs: Annotated[Pairs, Field(ge=20)]
    calibration: Pairs
    seed: int = 0


class Transfer(Parameters):
    """The other data set that the attacker moves the source to, resized to the task's images."""

    data: str
    train: Count
    accuracy: Count


class Corrupted(Parameters):
    """The attacker's half, each image with one of the 14 corruptions in turn, as CIFAR10-C is made."""

    severity: Annotated[int, Field(ge=1, le=5)] = 3


class QueryModels(Parameters):
    """Models that the defender trains on the query share to make probes: surrogates with the source's soft answers,
    references with the true labels."""

    archs: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(unlike)]
    seeds: Count = 1
    recipe: RecipeChange = RecipeChange()


class Benchmark(Parameters):
    """Everything that defines a task.

    `published`: the task's name in reports/published.csv, if the papers have it. `show_probes`: the licence lets the
    report show images. `watermark`: the source is trained with EWE. `seeds` counts models for each architecture.
    `verification`: null for a task that classifies; else `data` is a set of people, who are dealt out, not pictures.
    """

    title: str
    published: str | None
    show_probes: bool
    data: str
    split: Annotated[Split | PeopleSplit, BeforeValidator(_dealt)]
    verification: Verification | None
    transfer: Transfer | None
    corrupted: Corrupted | None
    source: str
    watermark: Watermark | None
    archs: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(unlike)]
    seeds: Count
    recipe: Recipe
    surrogates: QueryModels
    references: QueryModels

    @model_validator(mode="after")
    def _of_one_kind(self) -> "Benchmark":
        if isinstance(self.split, PeopleSplit) != (self.verification is not None):
            raise ValueError("a task with `verification` splits people, another one images: one of `split` and "
                             "`verification` is that of the other kind")
        if self.verification is None:
            return self
        if self.verification.references > self.split.references:
            raise ValueError(f"verification.references: each probe person is sure to have {self.split.references} pictures "
                             f"beside a target (split.references), found {self.verification.references}")
        for name in ("transfer", "corrupted", "watermark"):
            if getattr(self, name) is not None:
                raise ValueError(f"{name}: face verification has none, expected null")
        if self.recipe.arcface is None:
            raise ValueError("recipe.arcface: networks for face verification learn by it, found null")
        return self


def kind_of(verification: Verification | None) -> Kind:
    """The kind of a task with this part."""
    return "verification" if verification else "classification"


def task_part(task: str, part: str):
    """One part of a task's section, typed: stages read parts, so that dvc.yaml can name what they depend on."""
    return read(f"benchmarks.{task}.{part}", Benchmark.model_fields[part].rebuild_annotation())
