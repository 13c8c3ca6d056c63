"""Two versions of a file, number by number: words and counts must be the same, other numbers to their last bits.

On the kind of machine that published a run, what is recomputed has the same bytes, and only the numbers are counted. On
another kind the last bits differ, and each number must be as close as TOLERANCE.
"""

import csv
import io
import math
import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.core.errors import BadInput
from pipeline.core.parquet import read_flat, reading
from pipeline.fingerprints.scoring import FINGERPRINT
from pipeline.publish.untrusted import read_plain

NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
LABEL = re.compile(r"(<text[^>]*>)([^<]*)(?=</text>)")
TOLERANCE = 1e-4
ZERO = 1e-12
PIXELS = 0.05
"""How far numbers may be apart: relative in tables and text, from zero, and absolute in the coordinates of a figure."""
LARGEST = 64_000_000


@dataclass
class Differences:
    """What came out: how many numbers were compared, and each difference in one line that names its place."""

    numbers: int
    differences: list[str]

    def add(self, other: "Differences") -> None:
        self.numbers += other.numbers
        self.differences += other.differences


def compare_files(committed: Path, made: Path) -> Differences:
    """Compare a CSV cell by cell, any other text line by line, each by its numbers and the words between them."""
    if not committed.exists() and not committed.is_symlink():
        return Differences(0, [f"{committed}: missing; the run makes it"])
    if not made.exists():
        return Differences(0, [f"{committed}: nothing published makes it: sac index or you remove it"])
    try:
        old, new = read_plain(committed, LARGEST), made.read_bytes()
        if committed.suffix == ".parquet":
            return _compare_frames(committed, old, new)
    except BadInput as error:
        return Differences(0, [str(error)])
    if old == new:
        return Differences(len(NUMBER.findall(new.decode())), [])
    try:
        text = old.decode("utf-8")
    except UnicodeDecodeError as error:
        line = old[: error.start].count(b"\n") + 1
        return Differences(0, [f"{committed}: line {line}: not UTF-8 (byte {error.start} is {old[error.start]:#04x})"])
    return (_compare_tables if committed.suffix == ".csv" else _compare_text)(committed, text, new.decode())


def over_all_probes(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores that take all probes of their method: what is published. Those over fewer are made again from the answers."""
    most = scores.groupby(FINGERPRINT, observed=True)["count"].transform("max")
    return scores[scores["count"] == most].reset_index(drop=True)


def compare_scores(where: str, published: bytes, made: Path) -> Differences:
    """Compare published scores with a file of scores: the same suspects and fingerprints in the same order, and the same
    scores."""
    new = over_all_probes(pd.read_parquet(made))
    try:
        with reading(where, "a file of scores"):
            old = read_flat(pa.BufferReader(published), where, new.size).to_pandas(ignore_metadata=True)
            about = [*FINGERPRINT, "count", "suspect"]
            if len(old) != len(new) or (old[about].astype(str) != new[about].astype(str)).any(axis=None):
                return Differences(0, [f"{where}: {len(old)} scores, recomputed {len(new)}, or of other suspects"])
            same = np.isclose(old["score"], new["score"], rtol=TOLERANCE, atol=1e-6, equal_nan=True)
    except BadInput as error:
        return Differences(0, [str(error)])
    return Differences(
        len(old),
        [
            f"{where}: {' '.join(map(str, old.loc[row, about]))}: stored {old.loc[row, 'score']:.7g}, "
            f"recomputed {new.loc[row, 'score']:.7g}"
            for row in np.flatnonzero(~same)
        ],
    )


def _compare_frames(file: Path, committed: bytes, made: bytes) -> Differences:
    """Compare two Parquet tables as the CSV that they would be. Raises BadInput if the committed one is none."""
    again = pd.read_parquet(io.BytesIO(made))
    if committed == made:
        return Differences(again.size, [])
    with reading(file, "a Parquet table"):
        text = read_flat(pa.BufferReader(committed), file, again.size).to_pandas(ignore_metadata=True).to_csv(index=False)
    return _compare_tables(file, text, again.to_csv(index=False))


def _compare_tables(file: Path, committed: str, made: str) -> Differences:
    try:
        old, new = (list(csv.reader(text.split("\n"), strict=True)) for text in (committed, made))
    except csv.Error as error:
        return Differences(0, [f"{file}: not CSV ({error}); {_first_line(committed, made)}"])
    if [len(row) for row in old] != [len(row) for row in new] or old[:1] != new[:1]:
        return Differences(
            0,
            [
                f"{file}: {len(old)} rows of {_short(','.join(old[0]))}, recomputed {len(new)} rows of "
                f"{_short(','.join(new[0]))}; {_first_line(committed, made)}"
            ],
        )
    result = Differences(0, [])
    for place, (row, again) in enumerate(zip(old[1:], new[1:], strict=True), start=2):
        name = ", ".join(cell for cell in row if cell and not NUMBER.fullmatch(cell)) or f"line {place}"
        for column, cell, other in zip_longest(old[0], row, again, fillvalue=""):
            result.add(_compare_line(f"{file}: row {name}, column {column}", cell, other))
    return result


def _compare_text(file: Path, committed: str, made: str) -> Differences:
    result, figure = Differences(0, []), False
    for place, (line, again) in enumerate(zip_longest(committed.split("\n"), made.split("\n")), start=1):
        where = f"{file}: line {place}"
        if line is None or again is None:
            return Differences(
                result.numbers, [*result.differences, f"{where}: committed {_short(line)}, recomputed {_short(again)}"]
            )
        figure = figure or "<svg" in again
        ended = "</svg>" in again
        if figure:  # what people read in it is compared like any text
            result.add(_compare_line(where, LABEL.sub(r"\1", line), LABEL.sub(r"\1", again), PIXELS))
            line, again = (" ".join(label for _, label in LABEL.findall(text)) for text in (line, again))
        result.add(_compare_line(where, line, again))
        figure = figure and not ended
    return result


def _compare_line(place: str, old: str, new: str, absolute: float = 0.0) -> Differences:
    values, again = NUMBER.findall(old), NUMBER.findall(new)
    if NUMBER.sub("#", old) != NUMBER.sub("#", new):
        return Differences(0, [f"{place}: committed {_short(old)}, recomputed {_short(new)}"])
    differences = [
        f"{place}: committed {one}, recomputed {two}"
        for one, two in zip(values, again, strict=True)
        if one != two and not _close(one, two, absolute)
    ]
    return Differences(len(values), differences)


def _close(one: str, two: str, absolute: float) -> bool:
    if not absolute and one.isdigit() and two.isdigit():
        return False  # counts that differ
    values = float(one), float(two)
    return math.isclose(*values, rel_tol=TOLERANCE, abs_tol=absolute or (0.0 if all(values) else ZERO))


def _first_line(committed: str, made: str) -> str:
    pairs = zip_longest(committed.split("\n"), made.split("\n"))
    place, one, two = next((at, *pair) for at, pair in enumerate(pairs, start=1) if pair[0] != pair[1])
    return f"line {place}: committed {_short(one)}, recomputed {_short(two)}"


def _short(text: str | None) -> str:
    if text is None:
        return "nothing"
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
