"""The values that the papers print, and how a measured one compares."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.errors import BadInput, unknown

COLUMNS = ["paper", "table", "task", "attack", "method", "metric", "value"]


def read_published(file: Path, task: str | None) -> pd.DataFrame:
    """The rows of published.csv about `task` (none if it is None); `value` stays text, for its precision."""
    try:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise BadInput(f"{file}: no such file; it belongs to the repository: git checkout -- {file}") from None
    if list(frame.columns) != COLUMNS:
        raise BadInput(f"{file}: columns {list(frame.columns)}, expected {COLUMNS}")
    if task is not None and task not in set(frame["task"]):
        raise BadInput(f"params.yaml: published: {unknown('task', task, set(frame['task']))}")
    return frame[frame["task"] == task]


def read_watermarked(file: Path, task: str) -> pd.DataFrame:
    """EWE's rows of the main table of the task's watermarked twin, as `sac index` collected them; none without one."""
    try:
        frame = pd.read_csv(file)
    except FileNotFoundError:
        raise BadInput(f"{file}: no such file; `sac index` writes it") from None
    return frame[frame["task"] == task].drop(columns="task")


def beside(measured: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """`measured` (fingerprint, attack, auc, low, high) with columns published (its AUC) and inside.

    inside: whether the published value lies in the interval, whose limits are rounded to the published precision. What
    stands in brackets after a fingerprint's name says how faces are asked; the papers print the name alone.
    """
    own = published[published["metric"] == "auc"].drop_duplicates(["method", "attack"])
    values = own.set_index(["method", "attack"])["value"]
    found = [values.get((name.partition(" (")[0], attack), "") for name, attack in
             zip(measured["fingerprint"], measured["attack"], strict=True)]
    rows = zip(found, measured["low"], measured["high"], strict=True)
    return measured.assign(published=found, inside=[_inside(*row) for row in rows])


def accuracy_beside(measured: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """`measured` (attack, arch, variant) with the papers' test accuracy as `published`, a share, where they print any.

    They tell irrelevant and extracted models apart by architecture (`irrelevant:vgg`) and pruned ones by ratio.
    """
    own = published[published["metric"] == "accuracy"]
    if own.empty:
        return measured
    values = own.set_index("attack")["value"].astype(float) / 100

    def found(row) -> float:
        names = (row.attack, f"{row.attack}:{row.variant}", f"{row.attack}:{row.arch.partition('_')[0]}")
        return next((values[name] for name in names if name in values), np.nan)

    return measured.assign(published=[found(row) for row in measured.itertuples()])


def threshold_beside(exchanged: pd.DataFrame, published: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The table of exchanged thresholds with the papers' after the measured ones (SAC-JC, Table 7), where they print any.

    published: the rows of published.csv about each source.
    """
    own = [published[source] for source in exchanged["source"]]
    found = [rows[rows["metric"] == "threshold"]["value"].astype(float).max() for rows in own]
    table = exchanged.copy()
    table.insert(table.columns.get_loc("threshold") + 1, "published", found)
    return table.dropna(axis=1, how="all")


def _inside(value: str, low: float, high: float) -> str:
    if not value or np.isnan(low):
        return ""
    digits = len(value.partition(".")[2])
    return "yes" if round(low, digits) <= float(value) <= round(high, digits) else "no"
