"""Recheck a case from its files alone: what was committed, what was answered, and the verdict that follows. No model is
asked.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.cases import commitment
from pipeline.cases.case import POOL, SUSPECTS, VERDICT, read_enrolment
from pipeline.cases.commitment import Tampered
from pipeline.cases.drawing import draw_probes, seed_of
from pipeline.cases.enrolling import pool_list
from pipeline.cases.images import read_pictures
from pipeline.cases.probes import read_probes
from pipeline.cases.verifying import VERDICT_LIST, Judgement, check_enrolled, judge_case, record_of
from pipeline.core.errors import BadInput

TOLERANCE = 2e-6
"""How far scores may differ on another machine; they are kept with six decimals."""


def recheck_case(case: Path, known: str | None = None, images: str | None = None) -> Judgement:
    """Recompute the verdict of a case. Raises Tampered, naming the file, for anything that does not hold together.

    known: the commitment as it was published or stamped elsewhere. images: the pool, to draw the probes again.
    """
    if not (case / VERDICT_LIST).exists():
        raise BadInput(f"{case}: no verdict in it; `sac verify {case}` makes one")
    root = commitment.committed(case)
    if known is not None and known.lower() != root:
        raise Tampered(f"{commitment.ROOT}: the case is committed to {root}, not to {known}")
    check_enrolled(case)
    commitment.check_list(case, VERDICT_LIST, (SUSPECTS, VERDICT))
    written = _read_verdict(case)
    names = tuple(str(verdict["suspect"]) for verdict in written["verdicts"])
    try:
        judged = judge_case(case, names)
    except BadInput as error:
        raise Tampered(str(error)) from None
    _compare(written, record_of(judged))
    if images is not None:
        draw_again(case, images)
    return judged


def draw_again(case: Path, images: str) -> None:
    """Draw the probes of a case from its pool again. Raises Tampered if pool or probes are others; BadInput where it cannot
    be told.
    """
    enrolment = read_enrolment(case)
    if enrolment.method == "source_wrong":
        raise BadInput("probes of source_wrong depend on what the source answers to the whole pool: enroll again to check them")
    pool = read_pictures(images, enrolment.shape[2])
    if pool_list(pool) != (case / POOL).read_text():
        raise Tampered(f"{POOL}: not the pictures in {images}")
    seed = seed_of(enrolment.pool_sha256, enrolment.source.sha256 or enrolment.source.text)
    drawn = draw_probes(pool.images, enrolment.method, enrolment.count, seed, lambda _: np.zeros((0, 2)))
    if not np.array_equal(drawn, read_probes(case, enrolment)):
        raise Tampered("enrolled/probes: not the probes that the commitment's draw gives")


def _read_verdict(case: Path) -> dict[str, Any]:
    try:
        written = json.loads((case / VERDICT / "verdict.json").read_text())
        if not isinstance(written["verdicts"], list) or not all("suspect" in one for one in written["verdicts"]):
            raise KeyError("verdicts")
    except (OSError, ValueError, KeyError, TypeError):
        raise Tampered(f"{VERDICT}/verdict.json: not a verdict") from None
    return dict(written)


def _compare(written: dict[str, Any], recomputed: dict[str, Any]) -> None:
    """Raise Tampered, naming the field, where a written verdict is not the one that the files give."""
    for place, expected in _leaves(recomputed):
        found: Any = written
        for key in place:
            found = (
                found[key]
                if isinstance(found, list) and isinstance(key, int) and key < len(found)
                else (found.get(key) if isinstance(found, dict) else None)
            )
        if not _same(found, expected) and "measured" not in place:
            raise Tampered(f"{VERDICT}/verdict.json: {'.'.join(map(str, place))} is {found!r}, recomputed {expected!r}")


def _leaves(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for key, part in value.items() for leaf in _leaves(part, (*place, key))]
    if isinstance(value, list):
        return [leaf for key, part in enumerate(value) for leaf in _leaves(part, (*place, key))]
    return [(place, value)]


def _same(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, (int, float)):
        return math.isclose(found, expected, abs_tol=TOLERANCE)
    return bool(found == expected)
