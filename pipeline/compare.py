"""Two versions of a report, number by number: words and counts must be the same, other numbers to their last bits."""

import csv
import math
import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.fingerprints.scoring import FINGERPRINT

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
LABEL = re.compile(r"<text[^>]*>(.*?)</text>")
TOLERANCE = 1e-4
ZERO = 1e-12
PIXELS = 0.05
"""How far numbers may be apart: relative in tables and text, from zero, and absolute in the coordinates of a figure."""


@dataclass
class Comparison:
    """What came out: how many numbers were compared, and each difference in one line that names its place."""

    numbers: int
    differences: list[str]

    def add(self, other: "Comparison") -> None:
        self.numbers += other.numbers
        self.differences += other.differences


def compare_files(committed: Path, made: Path) -> Comparison:
    """Compare a CSV cell by cell, any other text line by line, each by its numbers and the words between them."""
    if not committed.exists():
        return Comparison(0, [f"{committed}: missing; the run makes it"])
    if not made.exists():
        return Comparison(0, [f"{committed}: nothing published makes it"])
    compare = _compare_tables if committed.suffix == ".csv" else _compare_text
    return compare(committed, *(file.read_text(encoding="utf-8") for file in (committed, made)))


def compare_scores(committed: Path, made: Path) -> Comparison:
    """Compare two files of scores: the same suspects and fingerprints in the same order, and the same scores."""
    old, new = pd.read_parquet(committed), pd.read_parquet(made)
    about = [*FINGERPRINT, "count", "suspect"]
    if len(old) != len(new) or (old[about].astype(str) != new[about].astype(str)).any(axis=None):
        return Comparison(0, [f"{committed}: {len(old)} scores, recomputed {len(new)}, or of other suspects"])
    same = np.isclose(old["score"], new["score"], rtol=TOLERANCE, atol=1e-6, equal_nan=True)
    return Comparison(len(old), [f"{committed}: {' '.join(map(str, old.loc[row, about]))}: stored {old.loc[row, 'score']:.7g}, "
                                 f"recomputed {new.loc[row, 'score']:.7g}" for row in np.flatnonzero(~same)])


def _compare_tables(file: Path, committed: str, made: str) -> Comparison:
    old, new = (list(csv.reader(text.splitlines())) for text in (committed, made))
    if len(old) != len(new) or old[:1] != new[:1]:
        return Comparison(0, [f"{file}: {len(old)} rows of {old[:1]}, recomputed {len(new)} rows of {new[:1]}"])
    result = Comparison(0, [])
    for place, (row, again) in enumerate(zip(old[1:], new[1:], strict=True), start=2):
        name = ", ".join(cell for cell in row if cell and not NUMBER.fullmatch(cell)) or f"line {place}"
        for column, cell, other in zip_longest(old[0], row, again, fillvalue=""):
            result.add(_compare_line(f"{file}: row {name}, column {column}", cell, other))
    return result


def _compare_text(file: Path, committed: str, made: str) -> Comparison:
    result, figure = Comparison(0, []), False
    for place, (line, again) in enumerate(zip_longest(committed.splitlines(), made.splitlines(), fillvalue=""), start=1):
        figure = figure or "<svg" in line
        ended, where = "</svg>" in line, f"{file}: line {place}"
        if figure:  # what people read in it is compared like any text
            result.add(_compare_line(where, *(LABEL.sub("", text) for text in (line, again)), PIXELS))
            line, again = (" ".join(LABEL.findall(text)) for text in (line, again))
        result.add(_compare_line(where, line, again))
        figure = figure and not ended
    return result


def _compare_line(place: str, old: str, new: str, absolute: float = 0.0) -> Comparison:
    values, again = NUMBER.findall(old), NUMBER.findall(new)
    if NUMBER.sub("#", old) != NUMBER.sub("#", new):
        return Comparison(0, [f"{place}: committed {_short(old)}, recomputed {_short(new)}"])
    differences = [f"{place}: committed {one}, recomputed {two}" for one, two in zip(values, again, strict=True)
                   if one != two and not _close(one, two, absolute)]
    return Comparison(len(values), differences)


def _close(one: str, two: str, absolute: float) -> bool:
    if not absolute and one.isdigit() and two.isdigit():
        return False  # counts that differ
    values = float(one), float(two)
    return math.isclose(*values, rel_tol=TOLERANCE, abs_tol=absolute or (0.0 if all(values) else ZERO))


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
