"""Asking without a program: probes as PNG with a table to fill in, and the answers of whoever asked, from CSV or Parquet.

What is read: a column `probe` (its number, or its file's name), and beside it
- `label`: a class name or number;
- `label_1`, `score_1`, `label_2`, ...: the best classes, scores or not;
- or a column for each class, by name or `class 0` and on.
An empty row is a probe that was refused.
"""

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.cases import commitment
from pipeline.cases.case import (
    ANSWERS,
    LOCKS,
    LOG,
    PROBES,
    SUSPECT,
    SUSPECTS,
    Enrolment,
    Limits,
    Model,
    SuspectRecord,
    alone,
)
from pipeline.cases.log import Log, now, row_values
from pipeline.cases.probes import probe_name
from pipeline.cases.saying import brief
from pipeline.cases.suspects.input import MOST_CLASSES, finite
from pipeline.cases.suspects.replies import class_of
from pipeline.cases.table import write_answers
from pipeline.core.errors import BadInput
from pipeline.core.files import write_json, write_text
from pipeline.core.seal import file_digest
from pipeline.core.whole import whole

MOST_BYTES = 1 << 30
MOST_VALUES = 20_000_000
"""Of a Parquet table: 900 probes of 22,000 classes, and more than enough for memory."""
NOTE = """Send every picture of probes/ to the suspect and fill in answers.csv, in one of these forms:

  probe,label                          the class that it answers, by name or number (classes.txt)
  probe,label_1,score_1,label_2,...    the best classes and their scores
  probe,CLASS,CLASS,...                a number for every class: probabilities or logits, as many digits as it tells

Leave the row of a refused picture empty. Then: sac import CASE answers.csv --name SUSPECT
"""


def export_probes(case: Path, enrolment: Enrolment, out: Path) -> None:
    """Copy the probes into the folder `out`, with answers.csv to fill in and a note on how."""
    if out.exists() and any(out.iterdir()):
        raise BadInput(f"{out}: not empty; choose a folder that is not there")
    shutil.copytree(case / PROBES, out / "probes")
    rows = "".join(f"{probe_name(place)},\n" for place in range(enrolment.count))
    write_text(out / "answers.csv", f"probe,label\n{rows}")
    write_text(out / "classes.txt", "".join(f"{place} {name}\n" for place, name in enumerate(enrolment.classes)))
    write_text(out / "README.txt", NOTE)


def import_answers(case: Path, enrolment: Enrolment, path: Path, name: str) -> np.ndarray:
    """Take in the answers of somebody who asked the suspect `name`; returns them (P, K). Raises BadInput that names the row."""
    answers, classes = read_table(path, enrolment)
    take_in(case, enrolment, answers, classes, name, str(path.name), file_digest(path))
    return answers


def take_in(
    case: Path, enrolment: Enrolment, answers: np.ndarray, classes: tuple[str, ...], name: str, text: str, sha256: str | None
) -> None:
    """Write answers (P, K) as those of the suspect `name`; they are logged as they came. Raises BadInput, or Tampered for a
    case with links.

    The suspect's record comes last: without it, what lies in the folder was left by a run that was killed, and is written anew.
    """
    folder = case / SUSPECTS / name
    if answers.ndim != 2 or answers.shape[0] != enrolment.count or not 2 <= answers.shape[1] <= MOST_CLASSES:
        raise BadInput(f"{text}: answers {answers.shape}, expected {enrolment.count} rows, one for each probe")
    if np.isinf(answers).any() or np.isnan(answers).all():
        raise BadInput(f"{text}: infinite answers, or none at all")
    record = SuspectRecord(
        name=name, model=Model(text=text), sha256=sha256, commitment=commitment.committed(case), first=now(), limits=Limits()
    )
    commitment.files_in(case, SUSPECTS, LOCKS)
    with alone(case, f"{name}.lock", f"importing {name}"):
        if (folder / SUSPECT).exists():
            raise BadInput(f"{folder}: {name} has answers already; choose another --name")
        write_answers(folder / ANSWERS, answers, classes)
        (folder / LOG).unlink(missing_ok=True)
        log = Log(folder / LOG, enrolment.count)
        for place, row in enumerate(answers):
            values = None if np.isnan(row).all() else row_values(row)
            log.write(probe=place, imported=text, values=values, **({"classes": classes} if place == 0 else {}))
        write_json(folder / SUSPECT, record.model_dump(mode="json"))


def read_table(path: Path, enrolment: Enrolment) -> tuple[np.ndarray, tuple[str, ...]]:
    """The answers (P, K) in a CSV or Parquet file, NaN for what is not told, and the names of their classes."""
    head, rows = _rows(path)
    if "probe" not in head:
        raise BadInput(f"{path}: no column probe; it has {', '.join(head[:6])[:100]}")
    others = [name for name in head if name != "probe"]
    by_label = {"label"} & set(others) or {"label_1"} & set(others)
    classes = enrolment.classes if by_label else tuple(others)
    answers = np.full((enrolment.count, len(classes)), np.nan, np.float32)
    seen: set[int] = set()
    for number, row in enumerate(rows, 2):
        where = f"{path}: row {number}"
        place = _place(where, row["probe"], enrolment.count)
        if place in seen:
            raise BadInput(f"{where}: probe {place} stands there twice")
        seen.add(place)
        answers[place] = _labels(where, row, others, classes) if by_label else [_number(where, row[name]) for name in others]
    missing = enrolment.count - len(seen)
    if missing:
        raise BadInput(f"{path}: {missing} of {enrolment.count} probes have no row; leave a refused probe's row empty")
    return answers, classes


def _rows(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(f"{path}: larger than 1 GB, expected a table of answers")
        if path.suffix == ".parquet":
            return _parquet_rows(path)
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restkey="more", restval="")
            rows = list(reader)
            return list(reader.fieldnames or ()), rows
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: not a CSV table ({brief(error, 100)})") from None


def _parquet_rows(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    from pipeline.core.parquet import read_flat, reading

    with reading(path, "a Parquet table"):
        table = read_flat(path, path, MOST_VALUES)
        return table.column_names, table.to_pylist()


def _place(where: str, value: Any, count: int) -> int:
    place = whole(str(value).strip().removesuffix(".png"))
    if place is None or place >= count:
        raise BadInput(f"{where}: probe {brief(value, 40)!r}, expected 0 to {count - 1} or a file's name")
    return place


def _labels(where: str, row: dict[str, Any], names: list[str], classes: tuple[str, ...]) -> np.ndarray:
    answers = np.full(len(classes), np.nan, np.float32)
    pairs = (
        [("label", None)]
        if "label" in names
        else [(name, name.replace("label_", "score_")) for name in names if name.startswith("label_")]
    )
    for rank, (label, score) in enumerate(pairs):
        if row[label] not in ("", None):
            scored = _number(where, row[score]) if score in row else np.nan
            answers[class_of(where, row[label], classes)] = scored if not np.isnan(scored) else float(rank == 0)
    return answers


def _number(where: str, value: Any) -> float:
    if value in ("", None):
        return float("nan")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise BadInput(f"{where}: {brief(value, 40)!r} is no number") from None
    if not finite(number):
        raise BadInput(f"{where}: {value!r} is no finite number")
    return number
