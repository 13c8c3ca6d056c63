"""Answers as CSV that a person can read: a row for each probe, a column for each class, an empty cell for what was not told."""

import csv
import io
from pathlib import Path

import numpy as np

from pipeline.cases.saying import brief
from pipeline.core.errors import BadInput
from pipeline.core.files import write_text


def write_answers(path: Path, answers: np.ndarray, classes: tuple[str, ...]) -> None:
    """Write answers (P, K) float32 so that reading gives the same numbers, and the same numbers the same bytes."""
    lines = [["probe", *classes]]
    lines += [
        [str(place), *("" if np.isnan(value) else str(value) for value in row)]
        for place, row in enumerate(answers.astype(np.float32))
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    write_text(path, text.getvalue())


def read_answers(path: Path, probes: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """What `write_answers` wrote: answers (P, K) float32 and class names. BadInput for anything else."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            head, *rows = list(csv.reader(file))
        answers = np.array([[float(cell) if cell else np.nan for cell in row[1:]] for row in rows], np.float32)
        in_order = [int(row[0]) for row in rows] == list(range(probes))
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; the case is not whole") from None
    except (OSError, ValueError, IndexError, csv.Error, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a table of answers ({brief(error)})") from None
    if not in_order or answers.shape != (probes, len(head) - 1) or np.isinf(answers).any():
        raise BadInput(f"{path}: expected {probes} rows of finite answers, probes 0 to {probes - 1} in order")
    return answers, tuple(head[1:])
