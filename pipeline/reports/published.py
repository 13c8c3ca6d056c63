"""The values that the papers print, and how a measured one compares."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.errors import BadInput, unknown
from pipeline.metrics.agreement import Agreement, agree, at_risk, inside
from pipeline.reports.tables import AVERAGE, POOLED

COLUMNS = ["paper", "table", "task", "attack", "fingerprint", "metric", "value"]
EASY = "finetune_"
FINETUNE = "finetune"
"""In published.csv: fine-tuning of a kind that the paper leaves open."""
EVERY, HARD = "all cells", "without fine-tuning and the average"


def read_published(file: Path, task: str | None) -> pd.DataFrame:
    """The rows of published.csv about `task` (none if it is None); `value` stays text, for its precision."""
    try:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise BadInput(f"{file}: no such file; it belongs to the repository: git checkout -- {file}") from None
    except ValueError as error:
        raise BadInput(_no_table(file, error)) from None
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
    except ValueError as error:
        raise BadInput(_no_table(file, error)) from None
    if "task" not in frame:
        raise BadInput(f"{file}: columns {list(frame.columns)}, expected task among them; `sac index` writes it")
    return frame[frame["task"] == task].drop(columns="task")


def _no_table(file: Path, error: ValueError) -> str:
    return f"{file}: not a table of comma-separated values ({' '.join(str(error).split())[:120]}): git checkout -- {file}"


def beside(measured: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """`measured` (fingerprint, attack, auc, low, high) with columns published (its AUC), inside, published_p_value and
    published_f1, as text.

    inside: whether the published value lies in the interval, whose limits are rounded to the published precision. What
    stands in brackets after a fingerprint's name says how faces are asked; the papers print the name alone.
    """
    found = {metric: _printed(measured, published[published["metric"] == metric]) for metric in ("auc", "p_value", "f1")}
    rows = zip(found["auc"], measured["low"], measured["high"], strict=True)
    return measured.assign(
        published=found["auc"],
        inside=[_inside(*row) for row in rows],
        published_p_value=found["p_value"],
        published_f1=found["f1"],
    )


def _printed(measured: pd.DataFrame, published: pd.DataFrame) -> list[str]:
    """What the papers print for every row of `measured`; empty where they print nothing.

    SAC-JC's Table 11 has one column for fine-tuning and does not say of which layers: it stands beside either kind that has
    no value of its own.
    """
    values = published.drop_duplicates(["fingerprint", "attack"]).set_index(["fingerprint", "attack"])["value"]

    def found(name: str, attack: str) -> str:
        either = values.get((name, FINETUNE), "") if attack.startswith(EASY) else ""
        return str(values.get((name, attack), either))

    rows = zip(measured["fingerprint"], measured["attack"], strict=True)
    return [found(name.partition(" (")[0], attack) for name, attack in rows]


def compared_cells(main: pd.DataFrame) -> pd.DataFrame:
    """The rows of a main table that have a published AUC."""
    return main[main["inside"].isin(["yes", "no"]) & (main["attack"] != POOLED)]


def agreement(main: pd.DataFrame) -> pd.DataFrame:
    """How near the measured AUCs come to the papers' (pipeline/metrics/agreement.py), over all cells and over the hard ones.

    Columns: over, then those of Agreement. No rows where the papers print nothing.
    """
    cells = compared_cells(main)
    hard = cells[~cells["attack"].str.startswith(EASY) & (cells["attack"] != AVERAGE)]
    return pd.DataFrame([{"over": name, **asdict(_agreed(own))} for name, own in ((EVERY, cells), (HARD, hard)) if len(own)])


def _agreed(cells: pd.DataFrame) -> Agreement:
    text = cells["published"].astype(str)
    printed = text.astype(float).to_numpy()
    digits = text.str.partition(".")[2].str.len().to_numpy()
    value, low, high = (cells[name].to_numpy(float) for name in ("auc", "low", "high"))
    return agree(value, low, high, printed, digits, at_risk(low, high, printed, cells["attack"].to_numpy(str)))


def accuracy_beside(measured: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """`measured` (attack, arch, variant) with the papers' test accuracy as `published`, a share, where they print any.

    They tell irrelevant and extracted models apart by architecture (`irrelevant:vgg`) and pruned ones by ratio.
    """
    own = published[published["metric"] == "accuracy"]
    if own.empty:
        return measured
    values = own.set_index("attack")["value"].astype(float) / 100

    def found(row: Any) -> float:
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
    return "yes" if inside(*map(np.array, ([low], [high], [float(value)], [digits])))[0] else "no"
