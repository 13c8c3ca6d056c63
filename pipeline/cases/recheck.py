"""Recheck a case from its files alone: what was committed, what was answered, and the verdict that follows. No model is
asked.
"""

import math
from collections.abc import Iterator
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
from pipeline.cases.saying import brief
from pipeline.cases.suspects.input import finite
from pipeline.cases.verifying import VERDICT_LIST, Judgement, check_enrolled, judge_case, record_of
from pipeline.core.errors import BadInput
from pipeline.core.files import read_json

TOLERANCE = 2e-6
"""How far scores may differ on another machine; they are kept with six decimals."""

Place = tuple[str | int, ...]
"""The keys that lead to a value in JSON."""


def recheck_case(case: Path, known: str | None = None, images: str | None = None) -> Judgement:
    """Recompute the verdict of a case. Raises Tampered, naming the file, for anything that does not hold together.

    known: the commitment as it was published or stamped elsewhere. images: the pool, to draw the probes again. When a verdict
    was written, what it cites as measured, its page and its picture do not follow from the case alone and are not recomputed.
    """
    if not (case / VERDICT_LIST).exists():
        raise BadInput(f"{case}: no verdict in it; `sac verify {case}` makes one")
    root = commitment.committed(case)
    if known is not None and known.lower() != root:
        raise Tampered(f"{commitment.ROOT}: the case is committed to {root}, not to {known}")
    check_enrolled(case)
    commitment.check_list(case, VERDICT_LIST, (SUSPECTS, VERDICT))
    written = _read_verdict(case)
    try:
        judged = judge_case(case, tuple(str(name) for place, name in written.items() if _one_of_each(place, "suspect")))
    except BadInput as error:
        raise Tampered(str(error)) from None
    _compare(written, dict(_leaves(record_of(judged))))
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
    _, height, width = enrolment.shape
    pool = read_pictures(images, width if height == width else None)  # a size makes squares
    if pool_list(pool) != (case / POOL).read_text():
        raise Tampered(f"{POOL}: not the pictures in {images}")
    seed = seed_of(enrolment.pool_sha256, enrolment.source.sha256 or enrolment.source.text)
    drawn = draw_probes(pool.images, enrolment.method, enrolment.count, seed, lambda _: np.zeros((0, 2)))
    if not np.array_equal(drawn, read_probes(case, enrolment)):
        raise Tampered("enrolled/probes: not the probes that the commitment's draw gives")


def _read_verdict(case: Path) -> dict[Place, Any]:
    """What verdict.json says, by its place there."""
    try:
        return dict(_leaves(read_json(case / VERDICT / "verdict.json")))
    except (BadInput, RecursionError):
        raise Tampered(f"{VERDICT}/verdict.json: not a verdict") from None


def _leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value that holds no others, with the keys that lead to it."""
    parts = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    if not parts:
        yield place, value
    for key, part in parts:
        yield from _leaves(part, (*place, key))


def _one_of_each(place: Place, name: str) -> bool:
    """Whether it is the field `name` of one of the verdicts."""
    return place[:1] == ("verdicts",) and place[2:] == (name,)


def _compare(written: dict[Place, Any], recomputed: dict[Place, Any]) -> None:
    """Raise Tampered, naming the field, where a written verdict is not the one that the files give, or says more."""
    for place in {**recomputed, **written}:
        told = place == ("created",) or _one_of_each(place, "measured")
        found, expected = written.get(place), recomputed.get(place)
        if not told and not _same(found, expected):
            raise Tampered(
                f"{VERDICT}/verdict.json: {brief('.'.join(map(str, place)))} is {brief(repr(found))}, "
                f"recomputed {brief(repr(expected))}"
            )


def _same(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, (int, float)):
        return finite(found) and math.isclose(found, expected, abs_tol=TOLERANCE)
    return bool(found == expected)
