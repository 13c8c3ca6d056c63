"""What stands over all tasks: results side by side, what the regime decides, and EWE's rows for the tasks they belong to."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.reports.published import agreement, compared_cells
from pipeline.reports.tables import AVERAGE, POOLED
from pipeline.reports.text import CONVERGES

PRINTED = ["published", "inside", "published_p_value", "published_f1"]
"""The columns of a main table that are the papers'."""
TWIN, SHORT = "_ewe", "_short"
"""A task of these endings is its namesake with a watermarked source, or stopped long before it fits its training set."""


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


def regimes(reports: Path) -> pd.DataFrame:
    """AUC of every fingerprint and attack with an under-trained zoo beside a converged one, for tasks that have both.

    Columns: task, fingerprint, attack, then auc, low and high of both, each ending in _short or _converged.
    """
    frames = []
    for task in _tasks(reports):
        if task.endswith(SHORT):
            namesake = task.removesuffix(SHORT)
            columns = ["fingerprint", "attack", "auc", "low", "high"]
            short, long = (_table(reports, name, "main")[columns] for name in (task, namesake))
            both = short.merge(long, on=["fingerprint", "attack"], suffixes=(SHORT, "_converged"))
            frames.append(both[both["attack"] != POOLED].assign(task=namesake).dropna(subset=[f"auc{SHORT}"]))
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    return frame[["task", *(name for name in frame if name != "task")]] if len(frame) else frame


def regime_grid(frame: pd.DataFrame) -> pd.DataFrame:
    """The table `regime` for people: fingerprint by attack, from under-trained to converged."""
    attacks = ["extract_label", "extract_adv", "extract_prob", AVERAGE]
    shown = frame[frame["attack"].isin(attacks)]
    cells = {(row.fingerprint, row.attack): f"{row.auc_short:.2f} → {row.auc_converged:.2f}" for row in shown.itertuples()}
    names = list(dict.fromkeys(shown["fingerprint"]))
    return pd.DataFrame(
        [[name, *(cells[name, attack] for attack in attacks)] for name in names], columns=["fingerprint", *attacks]
    )


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
