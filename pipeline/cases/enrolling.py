"""Enroll a model: draw probes, ask the source and the references, and commit to all of it before any suspect is asked."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from pipeline.cases import commitment
from pipeline.cases.asking import model_sha256
from pipeline.cases.case import (
    CASE,
    KNOWN_COPIES,
    POOL,
    REFERENCES,
    SOURCE,
    Enrolment,
    Limits,
    Method,
    Model,
    Reference,
    Rule,
    alone,
    name_for,
    unused,
)
from pipeline.cases.drawing import draw_probes, seed_of
from pipeline.cases.images import Pictures, pixel_hashes, read_pictures, resized, sifted
from pipeline.cases.log import now
from pipeline.cases.probes import write_probes
from pipeline.cases.references import Training, train_references
from pipeline.cases.suspects import format_of
from pipeline.cases.suspects.child import ask_in_child
from pipeline.cases.suspects.python_callable import answers_of
from pipeline.cases.table import write_answers
from pipeline.core.errors import BadInput
from pipeline.core.executor import run_all
from pipeline.core.files import digest, write_json, write_text
from pipeline.core.seal import file_digest
from pipeline.data.images import Images, from_arrays

Askable = Model | Callable[[np.ndarray], np.ndarray]
"""What can be asked: a model by its name, or a callable of images (N, C, H, W) uint8."""


@dataclass(frozen=True)
class Plan:
    """What an owner wants enrolled. train: where the pictures lie that references are trained on, and how.

    size: pictures are squashed to squares of so many pixels.
    """

    source: Askable
    images: str | Images
    method: Method = "cutmix"
    count: int = 150
    references: tuple[Askable, ...] = ()
    known_copies: tuple[Askable, ...] = ()
    train: str | Images | None = None
    training: Training = field(default_factory=Training)
    size: int | None = None
    rule: Rule = field(default_factory=Rule)
    limits: Limits = field(default_factory=Limits)


def enroll_case(plan: Plan, case: Path, tell: Callable[[str], None] = print) -> Enrolment:
    """Write the case into the folder `case`, and commit. A killed run goes on: references that were trained are kept.

    tell: called with every remark on the pictures. Raises BadInput.
    """
    _check_new(case)
    _check_named(plan)
    pool = _pictures(plan.images, plan.size)
    asker = _Asker(plan.limits)
    listed = pool_list(pool)
    source = reference_of(plan.source, "source")
    seed = seed_of(sha256(listed.encode()).hexdigest(), source.sha256 or source.text)
    told: list[str] = [*pool.remarks]
    train = _training_pictures(plan, pool, told)
    for remark in told:
        tell(remark)
    probes = draw_probes(pool.images, plan.method, plan.count, seed, lambda images: asker(plan.source, images)[0])
    with alone(case, "enroll", "enrolling into this case"):
        _check_new(case)
        shutil.rmtree(case / "enrolled", ignore_errors=True)
        write_probes(case, probes)
        write_text(case / POOL, listed)
        classes, references, known_copies = _write_models(case, plan, pool, train, probes, asker)
        enrolment = Enrolment(
            created=now(),
            tool=_version(),
            source=source,
            classes=classes,
            shape=probes.shape[1:],
            method=plan.method,
            count=len(probes),
            pool=len(pool.names),
            pool_sha256=file_digest(case / POOL),
            draw=seed,
            remarks=tuple(told),
            rule=plan.rule,
            references=tuple(references),
            known_copies=tuple(known_copies),
        )
        write_json(case / CASE, enrolment.model_dump(mode="json"))
        commitment.commit(case)
    return enrolment


def pool_list(pool: Pictures) -> str:
    """The pool as CSV: place, SHA-256 of the pixels, label. What the pictures are called stays with the owner."""
    rows = zip(pixel_hashes(pool.images.images), pool.images.labels, strict=True)
    return "picture,sha256,label\n" + "".join(f"{place},{value},{label}\n" for place, (value, label) in enumerate(rows))


def reference_of(model: Askable, name: str) -> Reference:
    """The record of a model that is enrolled."""
    if isinstance(model, Model):
        return Reference(name=name, text=model.text, sha256=model_sha256(model))
    return Reference(name=name, text=f"callable {getattr(model, '__name__', type(model).__name__)}", sha256=None)


@dataclass(frozen=True)
class _Asker:
    limits: Limits

    def __call__(self, model: Askable, images: np.ndarray) -> tuple[np.ndarray, tuple[str, ...] | None]:
        if isinstance(model, Model):
            return ask_in_child(model, images, self.limits)
        return answers_of(model, images, "the callable"), None


@dataclass(frozen=True)
class _AskOne:
    """Asks the model at a place, in a worker process."""

    asker: _Asker
    images: np.ndarray

    def __call__(self, job: tuple[int, Askable]) -> tuple[int, np.ndarray, tuple[str, ...] | None]:
        return job[0], *self.asker(job[1], self.images)


def _check_new(case: Path) -> None:
    if (case / commitment.ROOT).exists():
        raise BadInput(f"{case}: holds a case that is committed already; a case is enrolled once, choose another --out")


def _check_named(plan: Plan) -> None:
    for model in (plan.source, *plan.references, *plan.known_copies):
        if isinstance(model, Model):
            format_of(model.text)
            if model.text.startswith(("http://", "https://")) or model.text.endswith((".yaml", ".yml")):
                raise BadInput(f"{model.text}: a server cannot be enrolled, its answers may change; give a file or a callable")
            model_sha256(model)
    if plan.train is None and not plan.references:
        raise BadInput(
            "a verdict needs references, models that surely are no copies: --train-references FOLDER trains some on "
            f"pictures of yours, --reference MODEL takes one that you have; a verdict at {plan.rule.alpha:.0%} "
            f"takes {plan.rule.references_needed}"
        )


def _pictures(place: str | Images, size: int | None) -> Pictures:
    return read_pictures(place, size) if isinstance(place, str) else sifted("images", place)


def _training_pictures(plan: Plan, pool: Pictures, told: list[str]) -> Images | None:
    if plan.train is None:
        return None
    train = _pictures(plan.train, plan.size)
    told += train.remarks
    if not train.labelled:
        raise BadInput(f"{plan.train}: references are trained on labelled pictures, expected a folder for each class")
    images, shape = train.images, pool.images.images.shape[1:]
    if images.images.shape[1:] != shape:
        if images.images.shape[2:] != shape[1:]:
            raise BadInput(
                f"{plan.train}: pictures of {images.images.shape[2:]} pixels, --images has {shape[1:]}; give --size N"
            )
        images = from_arrays(resized(images.images, None, shape[0]), images.labels, images.classes)
    shared = set(pixel_hashes(images.images)) & set(pixel_hashes(pool.images.images))
    if shared:
        raise BadInput(f"{len(shared)} pictures are in --train-references and in --images; probes must have trained no model")
    return images


def _write_models(
    case: Path, plan: Plan, pool: Pictures, train: Images | None, probes: np.ndarray, asker: _Asker
) -> tuple[tuple[str, ...], list[Reference], list[Reference]]:
    """Ask the source, the references and the known copies; returns the class names and the records of the last two."""
    answers, names = asker(plan.source, probes)
    classes = _classes(names, pool, answers.shape[1])
    write_answers(case / SOURCE, answers, classes)
    used: set[str] = set()
    references = _write_asked(case / REFERENCES, plan.references, probes, asker, used)
    references += [] if train is None else _write_trained(case, train, classes, probes, plan.training, used)
    return classes, references, _write_asked(case / KNOWN_COPIES, plan.known_copies, probes, asker, set())


def _classes(names: tuple[str, ...] | None, pool: Pictures, width: int) -> tuple[str, ...]:
    """The source's class names: its own, or the folders' if they are as many, or numbers."""
    if names is not None and len(names) == width:
        return names
    folders = pool.images.classes if pool.labelled else ()
    return folders if len(folders) == width else tuple(f"class {k}" for k in range(width))


def _write_asked(
    folder: Path, models: tuple[Askable, ...], probes: np.ndarray, asker: _Asker, used: set[str]
) -> list[Reference]:
    records = []
    for place, model in enumerate(models):
        stem = name_for(model.text) if isinstance(model, Model) else f"callable-{place}"
        records.append(reference_of(model, unused(stem, used)))
    local = [(place, model) for place, model in enumerate(models) if isinstance(model, Model)]
    found = [
        *run_all(_AskOne(asker, probes), local, "asking references", here=True),
        *((place, *asker(model, probes)) for place, model in enumerate(models) if not isinstance(model, Model)),
    ]
    for place, answers, names in found:
        write_answers(
            folder / f"{records[place].name}.csv", answers, names or tuple(f"class {k}" for k in range(answers.shape[1]))
        )
    return records


def _write_trained(
    case: Path, train: Images, classes: tuple[str, ...], probes: np.ndarray, training: Training, used: set[str]
) -> list[Reference]:
    ordered = _in_source_order(train, classes)
    records = []
    for made in train_references(case / "models", ordered, training, probes):
        name = unused(f"{made.arch}-{made.seed}", used)
        write_answers(case / REFERENCES / f"{name}.csv", made.answers, ordered.classes)
        records.append(
            Reference(
                name=name,
                text="trained by sac enroll",
                sha256=made.sha256,
                trained={
                    "arch": made.arch,
                    "seed": made.seed,
                    "images": len(train),
                    "images_sha256": digest(train.digest()),
                    "epochs": training.epochs,
                },
            )
        )
    return records


def _in_source_order(train: Images, classes: tuple[str, ...]) -> Images:
    """The training pictures with the source's classes in its order."""
    if len(train.classes) != len(classes):
        raise BadInput(
            f"--train-references has {len(train.classes)} classes, the source answers {len(classes)}; expected as many"
        )
    if train.classes != classes and set(train.classes) == set(classes):
        moved = np.array([classes.index(name) for name in train.classes])
        return Images(train.images, moved[train.labels], classes, train.mean, train.std)
    return train


def _version() -> str:
    try:
        return f"sac-bench {version('sac-bench')}"
    except PackageNotFoundError:
        return "sac-bench"
