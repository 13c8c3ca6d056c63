"""Frames as text: CSV for machines, cells for people, and sentences made from numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.files import write_text
from pipeline.reports.frames import averages
from pipeline.reports.published import compared_cells

DASH = "–"
CONVERGES = {"source": "source", "irrelevant": "irrelevant", "extract_label": "label-extracted"}
"""The models whose training accuracy says whether a task's regime converged, and what they are called in sentences."""


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Six significant digits, so that machines that differ in the last bits write the same file."""
    write_text(path, frame.to_csv(index=False, float_format="%.6g"))


def to_digits(value: float, digits: int) -> float:
    """The value with so many digits.

    Six first: machines differ in the last bits, and what lies between two roundings, or at zero, would fall either way.
    """
    return round(round(float(value), 6) + 0.0, digits)


def number(value: float, digits: int = 2) -> str:
    """`0.93`, or a dash for what does not apply."""
    return DASH if pd.isna(value) else "∞" if np.isinf(value) else f"{to_digits(value, digits):.{digits}f}"


def signed(value: float, digits: int = 2) -> str:
    """`+0.93` or `-0.93`."""
    return f"{to_digits(value, digits):+.{digits}f}"


def small(value: float) -> str:
    """A p-value: `1.2e-05`, or a dash."""
    return DASH if pd.isna(value) else f"{value:.1e}"


def measured(auc: float, low: float, high: float) -> str:
    """`0.93 [0.81, 0.99]`, or a dash."""
    return DASH if pd.isna(auc) else f"{number(auc)} [{number(low)}, {number(high)}]"


def auc_grid(main: pd.DataFrame) -> pd.DataFrame:
    """Fingerprint x attack: AUC with its interval, and the published AUC where there is one."""
    cells = {(row.fingerprint, row.attack): _auc_cell(row) for row in main.itertuples()}
    attacks = list(dict.fromkeys(main["attack"]))
    return pd.DataFrame(
        [[name, *(cells.get((name, attack), DASH) for attack in attacks)] for name in dict.fromkeys(main["fingerprint"])],
        columns=["fingerprint", *attacks],
    )


def beside_published(main: pd.DataFrame) -> pd.DataFrame:
    """Every measured AUC that the papers print too, whether their value lies in its interval, and their p-value and F1."""
    rows = [
        [
            row.fingerprint,
            row.attack,
            measured(row.auc, row.low, row.high),
            row.published,
            row.inside,
            small(row.p_value),
            row.published_p_value or DASH,
            number(row.f1),
            row.published_f1 or DASH,
        ]
        for row in compared_cells(main).itertuples()
    ]
    return pd.DataFrame(
        rows,
        columns=[
            "fingerprint",
            "attack",
            "AUC [95 %]",
            "published",
            "inside",
            "p-value",
            "published p-value",
            "F1",
            "published F1",
        ],
    )


def agreement_grid(agreement: pd.DataFrame) -> pd.DataFrame:
    """The table `agreement` for people."""
    rows = [
        [
            row.over,
            f"{row.inside} of {row.cells}",
            number(row.gap, 3),
            number(row.distance, 1),
            f"{row.inside_at_risk} of {row.could_fail}",
        ]
        for row in agreement.itertuples()
    ]
    return pd.DataFrame(
        rows,
        columns=["over", "published AUC inside", "mean gap", "mean gap in standard errors", "inside, of cells that could fail"],
    )


def _auc_cell(row: Any) -> str:
    paper = f" (paper {row.published})" if isinstance(row.published, str) and row.published else ""
    return measured(row.auc, row.low, row.high) + paper * (not pd.isna(row.auc))


def detail(main: pd.DataFrame) -> pd.DataFrame:
    """Every metric of the main table, a row for each fingerprint and attack."""
    rows = [
        [
            row.fingerprint,
            row.attack,
            f"{row.stolen} / {row.irrelevant}",
            measured(row.auc, row.low, row.high),
            number(row.sd_suspects),
            number(row.sd_probes),
            small(row.p_value),
            row.side if isinstance(row.side, str) else DASH,
            number(row.f1),
            number(row.f1_midpoint),
            number(row.tpr),
            number(row.threshold, 4),
        ]
        for row in main.itertuples()
    ]
    return pd.DataFrame(
        rows,
        columns=[
            "fingerprint",
            "attack",
            "stolen / irrelevant",
            "AUC [95 %]",
            "error by suspects",
            "by probes",
            "p-value",
            "side",
            "F1",
            "F1, midpoint",
            "TPR at 5 % FPR",
            "threshold",
        ],
    )


def rounded(frame: pd.DataFrame, digits: int = 3) -> pd.DataFrame:
    """The frame as text, floats rounded, dashes for what does not apply."""
    cells = {
        name: [number(value, digits) for value in column] if column.dtype.kind == "f" else column.astype(str).tolist()
        for name, column in frame.items()
    }
    return pd.DataFrame(cells, columns=frame.columns)


def gallery_grid(gallery: pd.DataFrame) -> pd.DataFrame:
    """AUC of FRI by n, people and number of targets, a column for each attack."""
    wide = gallery.pivot(index=["pictures", "people", "count"], columns="attack", values="auc")
    return rounded(wide[list(dict.fromkeys(gallery["attack"]))].reset_index().rename_axis(columns=None), 2)


def verdict(main: pd.DataFrame, name: str) -> str:
    """What won, by how much and how sure, in one sentence. `name`: the fingerprint to compare the best one with."""
    own = averages(main)
    if own.empty:
        return "No fingerprint applies to all attacks that are averaged here."
    best = own[own["auc"] >= own["auc"].iloc[0] - 1e-9]
    said = (
        f"{listed(best['fingerprint'])} {'tells' if len(best) == 1 else 'tell'} copies from other models best: average AUC "
        f"{measured(*own.iloc[0][['auc', 'low', 'high']])}"
    )
    other = own[own["fingerprint"] == name]
    if len(other) and name not in set(best["fingerprint"]):
        said += f"; {name} has {measured(*other.iloc[0][['auc', 'low', 'high']])}"
    return f"{said} (1: perfect, 0.5: chance, in brackets the 95 % interval)."


def convergence(accuracy: pd.DataFrame, verification: bool) -> list[str]:
    """Whether the models fit what they learned. verification: answers are decisions, which no confidence enters."""
    trained = accuracy[accuracy["attack"].isin(CONVERGES)]
    if trained.empty:
        return []
    lowest = trained["lowest_train"].min()
    state = (
        "converged"
        if lowest >= 0.99
        else "NOT converged"
        if verification
        else ("NOT converged: raw logits then measure confidence, not identity")
    )
    made = [words for attack, words in CONVERGES.items() if attack in set(trained["attack"])]
    return [
        f"{listed(made).capitalize()} models reach at least {number(100 * lowest, 1)} % on what they were trained on ({state})."
    ]


def listed(names: Any) -> str:
    """`a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else str(last)
