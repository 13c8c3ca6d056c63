"""Frames as text: CSV for machines, Markdown for people, and the words that stand under a table."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.files import write_text
from pipeline.reports.tables import AVERAGE, POOLED

DASH = "–"
CONVERGES = {"source": "source", "irrelevant": "irrelevant", "extract_label": "label-extracted"}
"""The models whose training accuracy says whether a task's regime converged, and what they are called in sentences."""


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Six significant digits, so that machines that differ in the last bits write the same file."""
    write_text(path, frame.to_csv(index=False, float_format="%.6g"))


def markdown(frame: pd.DataFrame) -> str:
    """A Markdown table of a frame of text."""
    lines = [frame.columns, ["---"] * len(frame.columns), *frame.itertuples(index=False)]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def number(value: float, digits: int = 2) -> str:
    """`0.93`, or a dash for what does not apply."""
    return DASH if pd.isna(value) else f"{value:.{digits}f}"


def small(value: float) -> str:
    """A p-value: `1.2e-05`, or a dash."""
    return DASH if pd.isna(value) else f"{value:.1e}"


def auc_grid(main: pd.DataFrame, fingerprints: list[str]) -> pd.DataFrame:
    """Attack x fingerprint: AUC with its interval, and the published AUC where there is one."""
    cells = {(row.attack, row.fingerprint): _auc_cell(row) for row in main.itertuples()}
    attacks = list(dict.fromkeys(main["attack"]))
    return pd.DataFrame([[attack, *(cells.get((attack, name), DASH) for name in fingerprints)] for attack in attacks],
                        columns=["AUC", *fingerprints])


def beside_published(main: pd.DataFrame) -> pd.DataFrame:
    """Every measured AUC that the papers print too, and whether their value lies in its interval."""
    rows = [[row.fingerprint, row.attack, f"{row.auc:.2f} [{row.low:.2f}, {row.high:.2f}]", row.published, row.inside]
            for row in compared_cells(main).itertuples()]
    return pd.DataFrame(rows, columns=["fingerprint", "attack", "AUC [95 %]", "published", "inside"])


def _auc_cell(row) -> str:
    if np.isnan(row.auc):
        return DASH
    paper = f" (paper {row.published})" if row.published else ""
    return f"{row.auc:.2f} [{row.low:.2f}, {row.high:.2f}]{paper}"


def detail(main: pd.DataFrame) -> pd.DataFrame:
    """Every metric of the main table, a row for each fingerprint and attack."""
    rows = [[row.fingerprint, row.attack, f"{row.stolen} / {row.irrelevant}", _auc_cell(row), small(row.p_value),
             row.side if isinstance(row.side, str) else DASH, number(row.f1), number(row.f1_midpoint), number(row.tpr),
             number(row.threshold, 4)] for row in main.itertuples()]
    return pd.DataFrame(rows, columns=["fingerprint", "attack", "stolen / irrelevant", "AUC [95 %]", "p-value", "side",
                                       "F1", "F1, midpoint", "TPR at 5 % FPR", "threshold"])


def rounded(frame: pd.DataFrame, digits: int = 3) -> pd.DataFrame:
    """The frame as text, floats rounded, dashes for what does not apply."""
    return frame.apply(lambda column: [number(value, digits) for value in column]
                       if column.dtype.kind == "f" else column.astype(str))


def compared_cells(main: pd.DataFrame) -> pd.DataFrame:
    """The rows of a main table that have a published value."""
    return main[main["inside"].isin(["yes", "no"]) & (main["attack"] != POOLED)]


def references_grid(references: pd.DataFrame) -> pd.DataFrame:
    """AUC of FRI by n, people and number of targets, a column for each attack."""
    wide = references.pivot(index=["references", "people", "count"], columns="attack", values="auc")
    return rounded(wide[list(dict.fromkeys(references["attack"]))].reset_index().rename_axis(columns=None), 2)


def findings(main: pd.DataFrame, accuracy: pd.DataFrame, verification: bool) -> list[str]:
    """What the numbers say, in sentences made from them. verification: answers are decisions, which no confidence enters."""
    averages = main[main["attack"] == AVERAGE].set_index("fingerprint")["auc"].dropna().sort_values(ascending=False)
    said = []
    if len(averages):
        best = averages[averages >= averages.iloc[0] - 1e-9]
        said.append(f"Best average AUC: {' and '.join(best.index)}, {averages.iloc[0]:.2f}; "
                    f"worst: {averages.index[-1]}, {averages.iloc[-1]:.2f}.")
    compared = compared_cells(main)
    if len(compared):
        inside = int((compared["inside"] == "yes").sum())
        said.append(f"The published AUC lies inside the 95 % interval in {inside} of {len(compared)} cells that the "
                    "papers print.")
        for row in compared[compared["inside"] == "no"].itertuples():
            said.append(f"Outside: {row.fingerprint} on {row.attack}, measured {row.auc:.2f} [{row.low:.2f}, {row.high:.2f}], "
                        f"published {row.published}.")
    trained = accuracy[accuracy["attack"].isin(CONVERGES)]
    if len(trained):
        lowest = trained["lowest_train"].min()
        state = "converged" if lowest >= 0.99 else "NOT converged" if verification else (
            "NOT converged: raw logits then measure confidence, not identity")
        made = [words for attack, words in CONVERGES.items() if attack in set(trained["attack"])]
        listed = " and ".join(filter(None, (", ".join(made[:-1]), made[-1]))).capitalize()
        said.append(f"{listed} models reach at least {100 * lowest:.1f} % on what they were trained on ({state}).")
    return said
