"""The whole of params.yaml, checked before any stage starts: what cannot be, or cannot end well, stops before anything is
trained."""

import csv
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from pipeline.attacks import SECTIONS, read_attack, section_of
from pipeline.core.errors import BadInput, unknown
from pipeline.core.params import FILE, Identifier, Title, read
from pipeline.data import check_data
from pipeline.defender.query_models import ROLES, query_maker, query_recipe
from pipeline.fingerprints.naming import Fingerprint, check_fingerprint, read_comparisons
from pipeline.fingerprints.redraws import Redraws
from pipeline.metrics.statistics import Statistics
from pipeline.models import check_architecture, family
from pipeline.people import check_people
from pipeline.probes import read_family
from pipeline.tasks.recipe import Recipe
from pipeline.tasks.task import Count, Task, kind_of, unlike
from pipeline.training.maker import Maker
from pipeline.wiring.sizes import check_sizes

NAMED = ("task", *SECTIONS, "probes", "comparisons")
"""The sections whose keys are names of files, folders, stages and values in columns."""
WHOLE = ("tasks", "fingerprint", *NAMED, "counts", "redraws", "table", "metrics")
EMBEDS = "face"
"""The family of architectures that embed, which face verification compares."""
DEFINING = ("adversary", "distillation")
"""The parts of a recipe that an attack whose own recipe has them cannot be without."""
LOSSES = ("imitates_embeddings", "distillation", "adversary", "arcface")
"""The parts of a recipe that say what is minimised: either of the first two is all of it."""
PUBLISHED = Path("reports/published.csv")
SLIM = "_slim"
"""How those of them end that embed in 64 numbers; the others embed in 512."""


def check_params() -> None:
    """Raise BadInput for the first thing in params.yaml that cannot be."""
    _check_sections(read(""))
    for section in NAMED:
        read(section, dict[Identifier, Any])
    tasks = {name: read(f"task.{name}", Task) for name in read("task")}
    for name, task in tasks.items():
        with _within(f"task.{name}"):
            _check_task(task)
    chosen = _chosen(tasks)
    _check_attacks(tasks)
    _check_query_models(tasks)
    families = {name: _families(name, task) for name, task in tasks.items()}
    for name in chosen:
        with _within(f"task.{name}"):
            check_sizes(tasks[name], families[name])
    _check_fingerprints()
    read("counts", tuple[Count, ...])
    read("redraws", Redraws)
    read("metrics", Statistics)


def _check_sections(whole: dict[str, Any]) -> None:
    for name in whole:
        if name not in WHOLE:
            missing = [section for section in WHOLE if section not in whole]
            raise BadInput(f"{FILE}: {unknown('section', name, missing or WHOLE)}")
    for name in WHOLE:
        if name not in whole:
            raise BadInput(f"{FILE}: the section {name} is missing")


def _chosen(tasks: dict[str, Task]) -> tuple[str, ...]:
    found = read("tasks")
    if not isinstance(found, list):
        raise BadInput(f"{FILE}: tasks: expected a list, found {found!r}: dvc exp run -S 'tasks=[{found}]', with the brackets")
    for task in found:
        if not isinstance(task, str) or task not in tasks:
            raise BadInput(f"{FILE}: tasks: {unknown('task', str(task), tasks)}")
    chosen: tuple[str, ...] = read("tasks", Annotated[tuple[Identifier, ...], Field(min_length=1), AfterValidator(unlike)])
    return chosen


def _check_attacks(tasks: dict[str, Task]) -> None:
    for section, other in (SECTIONS, SECTIONS[::-1]):
        for name in read(section):
            with _within(f"{section}.{name}"):
                if section_of(name) != section:
                    raise BadInput(f"this attack belongs to the section {other}")
    known = [name for section in SECTIONS for name in read(section)]
    for task, own in tasks.items():
        _check_changed(f"task.{task}.attacks", own.attacks, "attack", known)
    for section in SECTIONS:
        for name in read(section):
            with _within(f"{section}.{name}"):
                for task, own in tasks.items():
                    maker = read_attack(name, task)
                    recipe = maker.recipe_for(own.recipe)
                    _check_kept(maker)
                    if maker.is_for(kind_of(own.verification)):
                        with _within(f"{section}.{name} in task.{task}"):
                            _check_losses(recipe)


def _check_query_models(tasks: dict[str, Task]) -> None:
    for task, own in tasks.items():
        for role in ROLES:
            with _within(f"task.{task}.{role}"):
                maker = query_maker(role, kind_of(own.verification))
                _check_losses(query_recipe(maker, own.recipe, getattr(own, role)))


def _check_losses(recipe: Recipe) -> None:
    """Raise BadInput if training would leave out a part of the recipe without a word."""
    found = [part for part in LOSSES if getattr(recipe, part)]
    if len(found) > 1 and found[0] in LOSSES[:2]:
        raise BadInput(f"recipe.{found[1]}: a recipe with {found[0]} trains by that alone: set {found[1]} to null there")


def _check_kept(maker: Maker) -> None:
    """Raise BadInput if the recipe lacks a part without which the attack is another one: its adversary, its distillation."""
    usual = type(maker).model_fields["recipe"].default
    for part in DEFINING:
        if getattr(usual, part) and not getattr(maker.recipe, part):
            raise BadInput(f"recipe.{part}: found none, expected one: the attack is made by it")


def _families(task: str, own: Task) -> dict[str, Any]:
    """Every family of probes as `task` has it."""
    known = read("probes")
    _check_changed(f"task.{task}.probes", own.probes, "family of probes", known)
    found = {}
    for name in known:
        with _within(f"probes.{name}"):
            found[name] = read_family(name, task)
    return found


def _check_changed(where: str, changed: Collection[str], kind: str, known: Collection[str]) -> None:
    """Raise BadInput, naming the nearest, if a task changes what is not there."""
    for name in changed:
        if name not in known:
            raise BadInput(f"{FILE}: {where}: {unknown(kind, name, known)}")


def _check_fingerprints() -> None:
    with _within("comparisons"):
        read_comparisons()
    check_fingerprint("fingerprint", read("fingerprint", Fingerprint))
    for row, fingerprint in read("table", Annotated[dict[Title, Fingerprint], Field(min_length=1)]).items():
        check_fingerprint(f"table.{row}", fingerprint)


def _check_task(task: Task) -> None:
    if task.verification:
        check_people(task.data)
    else:
        check_data(task.data)
    if task.transfer:
        check_data(task.transfer.data)
    if task.published is not None and PUBLISHED.is_file():
        _check_published(task.published)
    for arch in (task.source, *task.archs, *task.surrogates.archs, *task.references.archs):
        check_architecture(arch)
        if task.verification and family(arch) != EMBEDS:
            raise BadInput(
                f"face verification compares embeddings, which {arch} has none of: expected architectures of "
                f"pipeline/models/{EMBEDS}.py"
            )
    if task.verification:
        _check_embeddings((task.source, *task.archs, *task.surrogates.archs))


def _check_published(name: str) -> None:
    """Raise BadInput for a task that the papers' values have not, which its report would end with. What else may be wrong
    with them, the report says."""
    with PUBLISHED.open(encoding="utf-8", errors="replace", newline="") as file:
        known = {row.get("task") or "" for row in csv.DictReader(file)} - {""}
    if known and name not in known:
        raise BadInput(f"published: {unknown('task', name, known)}")


def _check_embeddings(archs: tuple[str, ...]) -> None:
    """Raise BadInput if those that imitate the source's embeddings would make them of another size."""
    slim, wide = ([arch for arch in archs if arch.endswith(SLIM) == own] for own in (True, False))
    if slim and wide:
        raise BadInput(
            f"{slim[0]} embeds in fewer numbers than {wide[0]}, so that neither can imitate the other: expected "
            f"source, archs and surrogates.archs that all end in {SLIM}, or none of them"
        )


@contextmanager
def _within(place: str) -> Iterator[None]:
    """Name the place in params.yaml in front of what went wrong there."""
    try:
        yield
    except BadInput as error:
        said = str(error)
        raise BadInput(said if said.startswith(FILE) else f"{FILE}: {place}: {said}") from None
