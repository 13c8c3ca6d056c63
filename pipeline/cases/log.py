"""The log of a suspect: a JSON line for every probe that it was asked.

It is the evidence, and the cache: what is in it is not asked again.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from pipeline.cases.case import Enrolment, parsed
from pipeline.cases.suspects.input import MOST, MOST_CLASSES
from pipeline.core.errors import BadInput
from pipeline.core.params import Parameters

MOST_NUMBERS = 1 << 28
"""Numbers that all answers of a suspect hold at most: a gigabyte."""

Number = Annotated[float, Field(ge=-MOST, le=MOST)]


class Line(Parameters):
    """What came of asking one probe.

    time: when, in UTC. sent, answer: SHA-256 of both. values: a number for each class, None for what was not told; None of all
    for a refused probe. classes: their names, once in a log. queries: how many were sent for it. refused: why it was; failed:
    why there is neither answer nor refusal, so that it may be asked again. imported: the table that it was read from.
    """

    time: str
    probe: Annotated[int, Field(ge=0)]
    queries: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    sent: str | None = None
    answer: str | None = None
    values: Annotated[tuple[Number | None, ...], Field(min_length=2, max_length=MOST_CLASSES)] | None = None
    classes: tuple[str, ...] | None = None
    refused: str | None = None
    failed: str | None = None
    imported: str | None = None


class Log:
    """The log of one suspect, to read and to add to. A last line that a killed run left unfinished is cut off.

    known: by probe, the line with its answer or refusal. queries: how many were sent, failed ones included.
    """

    def __init__(self, path: Path, count: int) -> None:
        self.path = path
        self.known: dict[int, Line] = {}
        self.queries = 0
        if path.exists():
            text = path.read_bytes()
            whole = text.rfind(b"\n") + 1
            if whole < len(text):
                os.truncate(path, whole)
            for line in read_log(path, count):
                self._take(line)

    def write(self, **about: Any) -> None:
        """Add a line and have it on the disk before going on."""
        line = Line(time=now(), **about)
        with self.path.open("a") as file:
            file.write(json.dumps(line.model_dump(exclude_unset=True)) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._take(line)

    def answers(self, enrolment: Enrolment) -> tuple[np.ndarray, tuple[str, ...]]:
        """All answers (P, K) with NaN for what is not known, and the names of their classes."""
        return answers_of(list(self.known.values()), enrolment.count, enrolment.classes)

    def _take(self, line: Line) -> None:
        self.queries += line.queries
        if line.failed is None:
            self.known[line.probe] = line


def now() -> str:
    """The time in UTC to the second, as ISO 8601 has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_log(path: Path, count: int) -> list[Line]:
    """The lines of a log on `count` probes. Raises BadInput, naming the line, if one is broken."""
    try:
        texts = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"{path}: not a log of queries") from None
    lines = [_line(f"{path}: line {number}", text) for number, text in enumerate(texts, 1)]
    for number, line in enumerate(lines, 1):
        if line.probe >= count:
            raise BadInput(f"{path}: line {number}: probe {line.probe}, expected 0 to {count - 1}")
    return lines


def answers_of(lines: list[Line], count: int, classes: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """The answers (P, K) in the lines of a log, and names for their classes: the source's, if they are as many."""
    rows = {line.probe: line.values for line in lines if line.values is not None}
    widths = {len(row) for row in rows.values()}
    if len(widths) > 1:
        raise BadInput(f"answers of {len(widths)} widths: {', '.join(map(str, sorted(widths)))} classes")
    width = widths.pop() if widths else len(classes)
    if count * width > MOST_NUMBERS:
        raise BadInput(f"{count} answers of {width} classes, expected at most {MOST_NUMBERS:,} numbers in all")
    answers = np.full((count, width), np.nan, np.float32)
    for probe, row in rows.items():
        answers[probe] = [np.nan if value is None else value for value in row]
    names = next((line.classes for line in lines if line.classes), None)
    return answers, names or (classes if width == len(classes) else tuple(f"class {k}" for k in range(width)))


def row_values(row: np.ndarray) -> list[float | None]:
    """A row of answers as JSON can hold it: the shortest decimals of each float32, None for what was not told."""
    return [None if np.isnan(value) else float(str(np.float32(value))) for value in row]


def _line(where: str, text: str) -> Line:
    try:
        return parsed(where, json.loads(text), Line)
    except (ValueError, RecursionError):
        raise BadInput(f"{where}: not JSON") from None
