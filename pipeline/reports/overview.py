"""What stands over all tasks: results side by side, what the regime decides, and EWE's rows for the tasks they belong to."""

from pathlib import Path

import pandas as pd

from pipeline.reports.tables import AVERAGE, POOLED
from pipeline.reports.text import CONVERGES, compared_cells

TWIN, SHORT = "_ewe", "_short"
"""A task of these endings is its namesake with a watermarked source, or stopped long before it fits its training set."""


def results(reports: Path, titles: dict[str, str]) -> pd.DataFrame:
    """A row for each task: what was trained, in how many core-hours, and how many published AUCs lie in the intervals."""
    rows = []
    for task in _tasks(reports):
        costs, main, accuracy = (_table(reports, task, name) for name in ("costs", "main", "accuracy"))
        total, cells = costs.iloc[-1], compared_cells(main)
        trained = accuracy[accuracy["attack"].isin(CONVERGES)]
        rows.append({"task": task, "title": titles.get(task, ""), "models": int(total["models"]),
                     "core_hours": total["core_seconds"] / 3600, "lowest_train_accuracy": trained["lowest_train"].min(),
                     "published_aucs": len(cells), "inside": int((cells["inside"] == "yes").sum())})
    return pd.DataFrame(rows)


def averages(reports: Path) -> dict[str, dict[str, float]]:
    """By task, the average AUC of every named fingerprint that applies."""
    mains = {task: _table(reports, task, "main") for task in _tasks(reports)}
    return {task: main[main["attack"] == AVERAGE].set_index("fingerprint")["auc"].dropna().to_dict()
            for task, main in mains.items()}


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
    return pd.DataFrame([[name, *(cells[name, attack] for attack in attacks)] for name in names],
                        columns=["fingerprint", *attacks])


def watermarked(reports: Path) -> pd.DataFrame:
    """EWE's rows of the main tables of all watermarked twins, under their namesakes' names."""
    frames = []
    for task in _tasks(reports):
        if task.endswith(TWIN):
            main = _table(reports, task, "main")
            own = main[main["fingerprint"] == "EWE"].drop(columns=["published", "inside"])
            frames.append(own.assign(task=task.removesuffix(TWIN)))
    return pd.concat(frames) if frames else pd.DataFrame()


def _tasks(reports: Path) -> list[str]:
    return [file.parent.name for file in sorted(reports.glob("*/metrics.json"))]


def _table(reports: Path, task: str, name: str) -> pd.DataFrame:
    return pd.read_csv(reports / task / "tables" / f"{name}.csv", keep_default_na=True, dtype={"published": str})
