"""A case on disk: what its files are called, and the typed records in them.

enrolled/case.json            what was enrolled: source, rule, how the probes were drawn, references
enrolled/pool.csv             SHA-256 of the pixels of every picture that probes could be drawn from, in order
enrolled/probes/000.png       the probes, as a real interface would be sent them
enrolled/source.csv           the source's answers; references/NAME.csv and known_copies/NAME.csv beside it likewise
commitment.sha256             SHA-256 of every file above, as sha256sum writes it
commitment.txt                SHA-256 of that list: it stands for all that was enrolled
commitment.tsr                an RFC 3161 time stamp of the list, if one was asked for
suspects/NAME/                suspect.json, log.jsonl (every query), answers.csv
verdict/                      verdict.json, verdict.html, verdict.svg
verdict.sha256                SHA-256 of all that the verdict rests on
locks/                        who enrolls or asks at this moment; no evidence

A case holds files and folders, and no links: what one leads to could change without a trace.
"""

import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, StringConstraints, ValidationError

from pipeline.core.errors import BadInput, unknown
from pipeline.core.files import read_json
from pipeline.core.lock import held
from pipeline.core.params import Parameters

CASE, POOL, SOURCE, PROBES = "enrolled/case.json", "enrolled/pool.csv", "enrolled/source.csv", "enrolled/probes"
REFERENCES, KNOWN_COPIES, SUSPECTS, VERDICT = "enrolled/references", "enrolled/known_copies", "suspects", "verdict"
SUSPECT, LOG, ANSWERS = "suspect.json", "log.jsonl", "answers.csv"
LOCKS = "locks"

Method = Literal["clean", "jpeg", "cutmix", "source_wrong"]
METHODS: tuple[Method, ...] = ("clean", "jpeg", "cutmix", "source_wrong")

Comparison = Literal[
    "partial",
    "partial_pointwise",
    "label_likelihood",
    "matching",
    "pointwise_cosine",
    "cosine_pearson",
    "cosine_l1",
    "linear_cka",
    "procrustes",
    "distance_correlation",
]


Record = TypeVar("Record", bound=Parameters)
Side = Annotated[int, Field(ge=1, le=1 << 14)]
"""A probe's side in pixels."""
MOST_PROBES = 100_000


class Rule(Parameters):
    """How a verdict is reached; committed before any suspect is asked.

    alpha: the chance to accuse any innocent suspect, over all suspects of the case (Holm). numbers, labels: the comparison for
    answers in numbers, whatever their classes, and for labels, alone or beside numbers. least: probes that must have been
    answered.
    """

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    numbers: Comparison = "procrustes"
    labels: Comparison = "matching"
    least: Annotated[int, Field(ge=2)] = 20

    @property
    def references_needed(self) -> int:
        """How many references a single suspect needs at least: 1 / (n + 1) must not lie above alpha."""
        return needed(self.alpha, 1)


def needed(alpha: float, suspects: int) -> int:
    """How many references it takes so that the least p-value passes alpha after correction for so many suspects."""
    return max(1, int(suspects / alpha - 1 + 0.999999))


class Pixels(Parameters):
    """How a picture becomes a model's input.

    scale: `unit` divides by 255, `byte` leaves 0 to 255. mean, std: per channel, after that. size, channels: what the model
    takes, if other than the probes. layout: the order of axes.
    """

    scale: Literal["unit", "byte"] = "unit"
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    size: Annotated[int, Field(ge=1, le=4096)] | None = None
    channels: Literal[1, 3] | None = None
    layout: Literal["nchw", "nhwc"] = "nchw"


class Limits(Parameters):
    """What a loader or a server may take: gigabytes and seconds of a loader; seconds, tries, queries a second and queries
    in all of a server (none: as fast as it answers; as many as there are probes, three times)."""

    gigabytes: Annotated[float, Field(gt=0)] = 6
    seconds: Annotated[float, Field(gt=0)] = 600
    timeout: Annotated[float, Field(gt=0)] = 20
    tries: Annotated[int, Field(ge=1)] = 3
    rate: Annotated[float, Field(gt=0)] | None = None
    budget: Annotated[int, Field(ge=1)] | None = None


USUAL_LIMITS = Limits()


class Model(Parameters):
    """A model as its owner names it: a file, an address, a callable or a description, and how pictures become its input."""

    text: str
    pixels: Pixels = Pixels()
    allow_torchscript: bool = False


class Reference(Parameters):
    """A model whose answers were enrolled. name: that of its file of answers, without the ending, so that no name leads out of
    the case. sha256: of the model's own file, if it is one. trained: how, if the tool trained it.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
    text: str
    sha256: str | None
    trained: dict[str, str | int | float] | None = None


class Enrolment(Parameters):
    """What a case commits to. shape: channels, height and width of a probe. count: how many probes there are."""

    created: str
    tool: str
    source: Reference
    classes: tuple[str, ...]
    shape: tuple[Annotated[int, Field(ge=1, le=3)], Side, Side]
    method: Method
    count: Annotated[int, Field(ge=1, le=MOST_PROBES)]
    pool: int
    pool_sha256: str
    draw: str
    remarks: tuple[str, ...]
    rule: Rule
    references: tuple[Reference, ...]
    known_copies: tuple[Reference, ...]


class SuspectRecord(Parameters):
    """A suspect that was asked. commitment: what the case had committed to when its first query was sent."""

    name: str
    model: Model
    sha256: str | None
    commitment: str
    first: str
    limits: Limits


def read_enrolment(case: Path) -> Enrolment:
    """What was enrolled; BadInput if `case` is no case."""
    if not (case / CASE).is_file():
        raise BadInput(f"{case}: not a case, expected {CASE} in it; `sac enroll MODEL --images FOLDER --out {case}` makes one")
    return read_record(case / CASE, Enrolment)


def read_record(path: Path, kind: type[Record]) -> Record:
    """A record of type `kind` from a JSON file; BadInput, naming the field, if it is none."""
    return parsed(str(path), read_json(path), kind)


def parsed(where: str, value: Any, kind: type[Record]) -> Record:
    """A record of type `kind` from plain values; BadInput that begins with `where`, naming the field, if it is none."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        words = (where, ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, "))
        raise BadInput(": ".join(filter(None, words))) from None


def suspects_of(case: Path) -> list[str]:
    """The names of all suspects that were asked, in order."""
    return sorted(path.parent.name for path in (case / SUSPECTS).glob(f"*/{SUSPECT}"))


def alone(case: Path, name: str, doing: str) -> AbstractContextManager[None]:
    """Hold the case's lock `name` while doing so; others wait. Raises BadInput, naming the holder, if that takes too long."""
    return held(case / LOCKS / name, doing, "choose another folder for the case")


def unused(name: str, used: set[str]) -> str:
    """`name`, or the first of name-2, name-3 and so on that is not in `used`; it is added there."""
    free = next(one for one in (name, *(f"{name}-{number}" for number in range(2, len(used) + 3))) if one not in used)
    used.add(free)
    return free


def check_suspect(case: Path, name: str) -> None:
    """BadInput, with the nearest known name, if the case has no such suspect."""
    if name not in suspects_of(case):
        raise BadInput(f"{case}: {unknown('suspect', name, suspects_of(case))}; `sac ask {case} MODEL` asks one")


def name_for(text: str) -> str:
    """A name fit for a folder: letters, digits, dot, dash and underscore of what a model is called, at most 60."""
    stem = re.sub(r"\.(onnx|safetensors|ya?ml|pt|csv|parquet)$", "", text.rstrip("/").rsplit("/", 1)[-1])
    return re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._-")[:60] or "suspect"
