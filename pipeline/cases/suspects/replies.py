"""One reply of an interface as a row of numbers: scores of all classes, of the best ones, or a label."""

import json
from typing import Any

import numpy as np

from pipeline.cases.saying import brief
from pipeline.cases.suspects.input import MOST_CLASSES, finite
from pipeline.core.errors import BadInput
from pipeline.core.whole import whole

LABEL_KEYS = ("label", "class", "class_name", "name", "category")
SCORE_KEYS = ("score", "probability", "confidence", "prob", "value")


def read_json_reply(where: str, body: bytes) -> Any:
    """The JSON value in a reply. Raises BadInput for anything else."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadInput(f"{where}: answers {body[:60]!r}, expected JSON") from None


def at_path(where: str, value: Any, path: str) -> Any:
    """What stands at a dotted path of keys and places: `predictions.0.scores`; the whole value if the path is empty."""
    for key in path.split(".") if path else ():
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, TypeError, ValueError):
            raise BadInput(f"{where}: its answer has nothing at {path!r} (no {key!r})") from None
    return value


def row_of(where: str, value: Any, classes: tuple[str, ...]) -> np.ndarray:
    """A reply as (K,) float32 with NaN for classes it does not tell: numbers in the order of classes, a label or its number, or
    labels with scores; of labels without, the first is told. Raises BadInput, naming what is odd.
    """
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return _best(where, [(value, 1.0)], classes)
    if isinstance(value, dict) and any(key in value for key in LABEL_KEYS):
        value = [value]
    if isinstance(value, dict):
        return _best(where, list(value.items()), classes)
    if isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
        told = [
            (_of(where, part, LABEL_KEYS, None), _of(where, part, SCORE_KEYS, float(rank == 0)))
            for rank, part in enumerate(value)
        ]
        return _best(where, told, classes)
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if not isinstance(value, list) or not value or not all(_number(part) for part in value):
        raise BadInput(f"{where}: answers {brief(value, 60)!r}, expected numbers, a label, or labels with scores")
    if not all(finite(part) for part in value):
        raise BadInput(f"{where}: answers NaN or infinite numbers")
    if not 2 <= len(value) <= MOST_CLASSES:
        raise BadInput(f"{where}: answers {len(value)} numbers, expected one for each class")
    return np.array(value, np.float32)


def class_of(where: str, label: Any, classes: tuple[str, ...]) -> int:
    """The number of the class that `label` names, or is the number of. Raises BadInput if there is none."""
    text = str(label).strip()
    if text in classes:
        return classes.index(text)
    number = whole(text)
    if number is not None and number < len(classes):
        return number
    raise BadInput(
        f"{where}: answers the label {text[:60]!r}, expected one of the source's {len(classes)} classes: "
        f"{', '.join(classes[:5])}{', ...' if len(classes) > 5 else ''}"
    )


def _best(where: str, told: list[tuple[Any, Any]], classes: tuple[str, ...]) -> np.ndarray:
    row = np.full(len(classes), np.nan, np.float32)
    for label, score in told:
        if not _number(score) or not finite(score):
            raise BadInput(f"{where}: answers the score {brief(score, 40)!r}, expected a finite number")
        row[class_of(where, label, classes)] = score
    return row


def _of(where: str, part: dict[str, Any], keys: tuple[str, ...], otherwise: Any) -> Any:
    found = next((part[key] for key in keys if key in part), otherwise)
    if found is None:
        raise BadInput(f"{where}: answers {brief(part, 60)!r}, expected one of the keys {', '.join(keys)}")
    return found


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
