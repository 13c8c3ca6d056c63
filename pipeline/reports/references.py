"""What hangs on the reference models: AUC by their number, and whether p-values hold what they promise."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.references import INNOCENTS, IRRELEVANT, KINDS, OWNER, calibrations, drawn
from pipeline.fingerprints.scoring import Asked, left_out_scores
from pipeline.metrics.auc import auc
from pipeline.metrics.conformal import LEVELS, accused, least_p_value, p_values

NUMBERS = (1, 2, 4, 8, 12)
DRAWS = 20


def reference_curve(
    asked: Asked,
    comparisons: dict[str, Comparing],
    averaged: Sequence[str],
    numbers: Sequence[int] = NUMBERS,
    draws: int = DRAWS,
) -> pd.DataFrame:
    """The average AUC over the attacks `averaged` by how many references there are.

    Columns: method, comparison, references (innocents or owner), number, auc, low, high (the mean, the least and the most
    over `draws` choices of references, seeded), choices. No row where there are too few models.
    """
    rows = []
    for name, comparison in comparisons.items():
        for kind in (INNOCENTS, OWNER):
            for number in numbers:
                chosen = drawn(kind, asked.answers.suspects, number, draws)
                found = [average_auc(asked, own, averaged) for own in asked.scores(comparison, chosen)]
                if found:
                    rows.append(
                        {
                            "method": asked.answers.method,
                            "comparison": name,
                            "references": kind,
                            "number": number,
                            "auc": np.mean(found),
                            "low": min(found),
                            "high": max(found),
                            "choices": len(found),
                        }
                    )
    return pd.DataFrame(rows)


def average_auc(asked: Asked, scores: np.ndarray, averaged: Sequence[str]) -> float:
    """The mean AUC of the attacks `averaged` against the irrelevant models that have a score; NaN without any."""
    attacks = asked.answers.suspects["attack"].to_numpy(str)
    innocent = scores[(attacks == IRRELEVANT) & np.isfinite(scores)]
    stolen = [scores[(attacks == attack) & np.isfinite(scores)] for attack in averaged]
    if not len(innocent) or not all(map(len, stolen)):
        return float("nan")
    return float(np.mean([auc(own, innocent) for own in stolen]))


def accusations(
    asked: Asked, comparisons: dict[str, Comparing], averaged: Sequence[str], levels: Sequence[float] = LEVELS
) -> pd.DataFrame:
    """The share of irrelevant and of stolen models that conformal p-values accuse at nominal `levels`.

    Columns: method, comparison, references (a kind), number (of references, the mean over rounds), least (the least
    p-value that so many can give: at levels below it nobody can be accused), level, innocent (the share of irrelevant
    models accused, which should not exceed the level), found (of the suspects of the attacks `averaged`).
    """
    attacks = asked.answers.suspects["attack"].to_numpy(str)
    rows = []
    for name, comparison in comparisons.items():
        for kind in KINDS:
            parts = [
                (p_values(*left_out_scores(asked, comparison, one)[::-1]), one)
                for one in calibrations(kind, asked.answers.suspects)
                if len(one.references) > 1
            ]
            if not parts:
                continue
            values = np.concatenate([part for part, _ in parts])
            judged = attacks[np.concatenate([one.suspects for _, one in parts])]
            number = float(np.mean([len(one.references) for _, one in parts]))
            rows += [
                {
                    "method": asked.answers.method,
                    "comparison": name,
                    "references": kind,
                    "number": number,
                    "least": least_p_value(number),
                    "level": level,
                    "innocent": accused(values[judged == IRRELEVANT], level),
                    "found": accused(values[np.isin(judged, averaged)], level),
                }
                for level in levels
            ]
    return pd.DataFrame(rows)
