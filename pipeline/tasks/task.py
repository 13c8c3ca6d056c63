"""A task: a data set with a source architecture, the unit of a table. The typed form of `task.<task>`."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pipeline.core.params import Identifier, Parameters, Seed, Title, merged, read, typed
from pipeline.tasks.recipe import Recipe, RecipeChange
from pipeline.tasks.watermark import Watermark

Count = Annotated[int, Field(ge=1, le=10_000_000)]
Size = Annotated[int, Field(ge=8, le=512)]
Seeds = Annotated[int, Field(ge=1, le=1000)]
Pairs = Annotated[int, Field(ge=2, le=10_000_000, multiple_of=2)]
Domain = Literal["task", "transfer", "corrupted"]
"""What a model is trained on: the task's own images, those of its transfer data set, or its own after corruption."""
Kind = Literal["classification", "verification"]
"""What a task asks of a model: a class of one picture, or whether two show one person."""


def unlike(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """`values`, none of which may come twice."""
    if len(set(values)) < len(values):
        raise ValueError(f"expected no value twice, found {', '.join(map(str, values))}")
    return values


class Split(Parameters):
    """How many images each of the five disjoint, stratified sets gets, and the seed that deals them out.

    defender, attacker and query come from the data set's training images, pool and accuracy from its test images. The
    attacker has as many as the defender unless it says so. `size`: all are first made so many pixels wide and high.
    """

    defender: Count
    attacker: Count
    query: Count
    pool: Count
    accuracy: Count
    seed: Seed = 0
    size: Size | None = None

    @model_validator(mode="before")
    @classmethod
    def _halves(cls, value: Any) -> Any:
        return {"attacker": value["defender"]} | value if isinstance(value, dict) and "defender" in value else value


class PeopleSplit(Parameters):
    """How many people each group gets, and the seed that deals them out.

    Of those with more than `gallery` pictures, up to `probe_people` become probes; at least one must be there. Who is
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
    gallery: Count
    least_images: Annotated[int, Field(ge=2, le=10_000_000)] = 2
    seed: Seed = 0


def _dealt(value: Any) -> Any:
    """A raw split as the kind whose keys it has, so that a misspelt key is compared with those of that kind alone."""
    if not isinstance(value, dict):
        return value
    people = PeopleSplit.model_fields.keys() - Split.model_fields.keys()
    return (PeopleSplit if people & value.keys() else Split).model_validate(value)


class Verification(Parameters):
    """What makes a task face verification: its data are people, and a model answers whether two pictures show one person.

    size and channels: of the pictures. most: read only the people with the most pictures. gallery: n of SAC-JC's
    Eq. 6. pairs: of test people, by which models are measured in ten folds. calibration: pairs of each owner's own people,
    by which he sets his threshold. Half of the pairs in each set show one person; `seed` draws them.
    """

    size: Count
    channels: Literal[1, 3]
    most: Count | None = None
    gallery: Annotated[int, Field(ge=2, le=10_000_000)]
    pairs: Annotated[Pairs, Field(ge=20)]
    calibration: Pairs
    seed: Seed = 0


class Transfer(Parameters):
    """The other data set that the attacker moves the source to, resized to the task's images."""

    data: Identifier
    train: Count
    accuracy: Count


class Corrupted(Parameters):
    """The attacker's half, each image with one of the 14 corruptions in turn, as CIFAR10-C is made."""

    severity: Annotated[int, Field(ge=1, le=5)] = 3


class QueryModels(Parameters):
    """Models that the defender trains on the query share to make probes: surrogates with the source's soft answers,
    references with the true labels. Their architectures are the task's unless they have their own."""

    archs: Annotated[tuple[Identifier, ...], Field(min_length=1), AfterValidator(unlike)]
    seeds: Seeds = 1
    recipe: RecipeChange = RecipeChange()


class Task(Parameters):
    """Everything that defines a task.

    `published`: the task's name in reports/published.csv, if the papers have it. `show_probes`: the licence lets the
    report show images. `source_seed`: tasks that differ in it alone are several sources of one kind, which `sac index` judges
    together; each has its own source, suspects and probes, and they share the irrelevant models. `watermark`: the source is
    trained with EWE. `seeds` counts models for each architecture. `verification`: null for a task that classifies; else
    `data` is a set of people, who are dealt out, not pictures. `surrogates` and `references` have the task's architectures
    unless they say others. `attacks` and `probes`: parameters in which some differ here from their own sections.
    """

    title: Title
    published: str | None = None
    show_probes: bool = False
    data: Identifier
    split: Annotated[Split | PeopleSplit, BeforeValidator(_dealt)]
    verification: Verification | None = None
    transfer: Transfer | None = None
    corrupted: Corrupted | None = None
    source: Identifier
    source_seed: Seed = 0
    watermark: Watermark | None = None
    archs: Annotated[tuple[Identifier, ...], Field(min_length=1), AfterValidator(unlike)]
    seeds: Seeds
    recipe: Recipe
    surrogates: QueryModels
    references: QueryModels
    attacks: Annotated[dict[Identifier, dict[str, Any]], Field(default_factory=dict)]
    probes: Annotated[dict[Identifier, dict[str, Any]], Field(default_factory=dict)]

    @model_validator(mode="before")
    @classmethod
    def _own_archs(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "archs" not in value:
            return value
        roles = {role: value.get(role, {}) for role in ("surrogates", "references")}
        return value | {role: {"archs": value["archs"]} | own for role, own in roles.items() if isinstance(own, dict)}

    @model_validator(mode="after")
    def _of_one_kind(self) -> "Task":
        if isinstance(self.split, PeopleSplit) != (self.verification is not None):
            raise ValueError(
                "a task with `verification` splits people (probe_people, ...), one without splits "
                "images (defender, attacker, ...): found one of each"
            )
        if self.verification is None or not isinstance(self.split, PeopleSplit):
            return self
        if self.verification.gallery > self.split.gallery:
            raise ValueError(
                f"verification.gallery: each probe person is sure to have {self.split.gallery} pictures "
                f"beside a target (split.gallery), found {self.verification.gallery}"
            )
        for name in ("transfer", "corrupted", "watermark"):
            if getattr(self, name) is not None:
                raise ValueError(f"{name}: face verification has none, expected null")
        if self.recipe.arcface is None:
            raise ValueError("recipe.arcface: networks for face verification learn by it, found null")
        return self


def kind_of(verification: Verification | None) -> Kind:
    """The kind of a task with this part."""
    return "verification" if verification else "classification"


def task_part(task: str, part: str) -> Any:
    """One part of a task's section, typed: stages read parts, so that dvc.yaml can name what they depend on."""
    return getattr(read(f"task.{task}", Task), part)


def read_for(path: str, kind: Any, task: str | None, part: str) -> Any:
    """The section at `path` of params.yaml as a `kind`, with what `part` (`attacks` or `probes`) of `task` changes on top."""
    change = task_part(task, part).get(path.split(".")[-1]) if task else None
    where = f"{path} as in task.{task}.{part}" if change else path
    return typed(merged(read(path, dict), change or {}), kind, where)


def parts_of(task: str, file: Path | None = None) -> dict[str, Any]:
    """Every part of a task as plain values: what its section says, what it is like, and null or the default for the rest.
    `file`: a params.yaml other than the working folder's."""
    whole = read(f"task.{task}", Task, file)
    said, everything = (whole.model_dump(mode="json", exclude_unset=unset) for unset in (True, False))
    return {part: said.get(part, value) for part, value in everything.items()}
