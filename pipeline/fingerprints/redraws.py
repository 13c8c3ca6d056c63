"""Scores on redraws of the probes, which show how much a score depends on which probes were drawn.

A redraw is half of the probes, and redraws come in pairs: one half and the other. Nothing is predicted again, and no
probe stands twice in a correlation matrix. Statistics need the order of suspects alone, so a redraw is stored as the
suspects' ranks: one byte each, and the same on machines that differ in the last digits of scores.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Annotated
from zlib import crc32

import numpy as np
import pandas as pd
from pydantic import Field

from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.naming import Fingerprint
from pipeline.fingerprints.representation import REPRESENTATIONS
from pipeline.fingerprints.scoring import FINGERPRINT, Asked, compared, places_of
from pipeline.outputs.table import SUSPECT, Answers

RANKS = "ranks"
Redraws = Annotated[int, Field(ge=2, le=1000, multiple_of=2)]


@dataclass(frozen=True)
class Redrawn:
    """Scores (R, S) of suspects on R redraws by one fingerprint: `about` are the columns of FINGERPRINT."""

    about: dict[str, str]
    suspects: pd.DataFrame
    scores: np.ndarray


def redraw_frame(
    task: str, answers: Answers, comparisons: dict[str, Comparing], redraws: int, named: Collection[Fingerprint]
) -> pd.DataFrame:
    """The ranks of all suspects on redraws, as `ranked` says."""
    return ranked(task, redraw_scores(answers, comparisons, redraws, named))


def redraw_scores(
    answers: Answers,
    comparisons: dict[str, Comparing],
    redraws: int,
    named: Collection[Fingerprint],
    wanted: Collection[str] | None = None,
) -> list[Redrawn]:
    """The scores of all suspects, or of those `wanted` by name, on redraws.

    Comparisons that have no quick way to redraw are redrawn for the `named` fingerprints alone.
    """
    own = {name: one for name, one in comparisons.items() if one.scored_on(answers.method)}
    weights = draw_halves(
        len(answers.labels), redraws, max((one.together for one in own.values()), default=1), crc32(answers.method.encode())
    )
    asked_for = {(one.representation, one.comparison) for one in named if one.method == answers.method}
    suspects, found = places_of(answers, wanted), []
    for representation in REPRESENTATIONS if len(weights) else ():
        scored = {name: one for name, one in own.items() if quick(one) or (representation, name) in asked_for}
        for about, scores in compared(Asked(answers, representation, weights=weights), scored, suspects):
            kept = suspects[np.isfinite(scores[:, suspects]).all(axis=0)]
            found.append(
                Redrawn(
                    {"method": answers.method, "representation": representation, **about},
                    answers.suspects.iloc[kept][SUSPECT],
                    scores[:, kept].astype(np.float32),
                )
            )
    return found


def ranked(task: str, parts: Iterable[Redrawn]) -> pd.DataFrame:
    """One row for each fingerprint over all its probes and suspect that it scores. parts: of all suspects, in any blocks.

    Columns: task, those of FINGERPRINT and SUSPECT, ranks: R numbers, the places of the suspect's score among those of all
    suspects, from 1, the same for the same score.
    """
    together: dict[tuple[str, ...], list[Redrawn]] = {}
    for part in parts:
        together.setdefault(tuple(part.about[name] for name in FINGERPRINT), []).append(part)
    frames = []
    for own in together.values():
        scores = np.concatenate([part.scores for part in own], axis=1)
        ranks = np.array([np.unique(redraw, return_inverse=True)[1] + 1 for redraw in scores], np.uint16)
        frames.append(pd.concat([part.suspects for part in own]).assign(task=task, **own[0].about, ranks=list(ranks.T)))
    columns = ["task", *FINGERPRINT, *SUSPECT, RANKS]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def quick(comparison: Comparing) -> bool:
    """Whether a comparison redraws without comparing anew."""
    return type(comparison).reweighted is not Comparing.reweighted


def draw_halves(probes: int, redraws: int, together: int, seed: int) -> np.ndarray:
    """(R, P) of 0 and 1: pairs of a random half of the probes and its rest; `together` in a row are in the same half.

    R is `redraws`, which is even, or 0 where there are fewer than four probes or blocks to draw: a half needs two.
    """
    draws, blocks = np.random.default_rng(seed), probes // together
    if blocks < 4:
        return np.zeros((0, probes), np.uint8)
    weights = np.zeros((redraws, probes), np.uint8)
    for pair in range(redraws // 2):
        drawn = np.isin(np.arange(blocks), draws.permutation(blocks)[: blocks // 2])
        halves = np.repeat([drawn, ~drawn], together, axis=1)
        weights[2 * pair : 2 * pair + 2, : blocks * together] = halves
    return weights
