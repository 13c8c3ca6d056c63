"""What stands over all tasks: results side by side, and EWE's rows for the tasks they belong to."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.reports.published import agreement, compared_cells
from pipeline.reports.text import CONVERGES

PRINTED = ["published", "inside", "published_p_value", "published_f1"]
"""The columns of a main table that are the papers'."""
TWIN = "_ewe"
"""A task of this ending is its namesake with a watermarked source."""


def results(reports: Path, titles: dict[str, str]) -> pd.DataFrame:
    """A row for each task: what was trained, in how many core-hours if the run is published, and how near measured AUCs come to
    the published ones (pipeline/metrics/agreement.py)."""
    rows, hours = [], _core_hours(reports / "costs.csv")
    for task in _tasks(reports):
        main, accuracy = (_table(reports, task, name) for name in ("main", "accuracy"))
        cells = compared_cells(main)
        trained = accuracy[accuracy["attack"].isin(CONVERGES)]
        rows.append(
            {
                "task": task,
                "title": titles.get(task, ""),
                "models": int(accuracy["models"].sum()),
                "core_hours": hours.get(task, np.nan),
                "lowest_train_accuracy": trained["lowest_train"].min(),
                "published_aucs": len(cells),
                "inside": int((cells["inside"] == "yes").sum()),
                **_agreement(main),
            }
        )
    return pd.DataFrame(rows)


def _agreement(main: pd.DataFrame) -> dict[str, float]:
    """The gap over all cells and over the hard ones, its size in standard errors, and the cells that could have failed."""
    found = agreement(main)
    if found.empty:
        return dict.fromkeys(("gap", "gap_hard", "distance"), np.nan) | dict.fromkeys(("could_fail", "inside_at_risk"), 0)
    every, hard = found.iloc[0], found.iloc[-1]
    return {
        "gap": every["gap"],
        "gap_hard": hard["gap"] if len(found) > 1 else np.nan,
        "distance": every["distance"],
        "could_fail": int(every["could_fail"]),
        "inside_at_risk": int(every["inside_at_risk"]),
    }


def main_tables(reports: Path) -> dict[str, pd.DataFrame]:
    """The main table of every task that has a report."""
    return {task: _table(reports, task, "main") for task in _tasks(reports)}


def accuracy_tables(reports: Path) -> dict[str, pd.DataFrame]:
    """The accuracies of every task that has a report."""
    return {task: _table(reports, task, "accuracy") for task in _tasks(reports)}


def watermarked(reports: Path) -> pd.DataFrame:
    """EWE's rows of the main tables of all watermarked twins, under their namesakes' names."""
    frames = []
    for task in _tasks(reports):
        if task.endswith(TWIN):
            main = _table(reports, task, "main")
            own = main[main["fingerprint"] == "EWE"].drop(columns=PRINTED, errors="ignore")
            frames.append(own.assign(task=task.removesuffix(TWIN)))
    return pd.concat(frames) if frames else pd.DataFrame()


def _core_hours(file: Path) -> dict[str, float]:
    """By task, the hours on one core each that the models of its published run took where it was made."""
    if not file.exists():
        return {}
    costs = pd.read_csv(file)
    totals = costs[costs["attack"] == "total"].set_index("task")["core_seconds"]
    return {str(task): float(seconds) / 3600 for task, seconds in totals.items()}


def _tasks(reports: Path) -> list[str]:
    return [file.parent.name for file in sorted(reports.glob("*/metrics.json"))]


def _table(reports: Path, task: str, name: str) -> pd.DataFrame:
    return pd.read_csv(reports / task / "tables" / f"{name}.csv", keep_default_na=True, dtype=dict.fromkeys(PRINTED, str))
