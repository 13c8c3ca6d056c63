"""Every published number of every fingerprint, in one long table, and what it says over all tasks."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.metrics.means import mean_limits
from pipeline.reports.overview import TWIN, main_tables
from pipeline.reports.regimes import is_regime
from pipeline.reports.tables import AVERAGE
from pipeline.reports.text import measured, number, signed

PARTS = ["method", "representation", "comparison", "references"]
COLUMNS = {
    "task": "string",
    "images": "string",
    "fingerprint": "string",
    "method": "string",
    "representation": "string",
    "comparison": "string",
    "references": "string",
    "attack": "string",
    "stolen": "integer",
    "irrelevant": "integer",
    "auc": "number",
    "low": "number",
    "high": "number",
    "p_value": "number",
    "f1": "number",
    "tpr": "number",
    "published": "number",
    "submitted": "boolean",
}
"""The columns and the types that JSON has for them; numbers may be null."""
LEAST = 0.5
"""The share of the tasks that a fingerprint must have an average in to be compared over tasks."""
PARTIAL = ("Partial", "Pointwise partial")
"""How the names of fingerprints begin whose form was found on published tasks."""


def leaderboard(
    reports: Path,
    submitted: Sequence[pd.DataFrame] = (),
    together: Sequence[tuple[list[str], pd.DataFrame]] = (),
    images: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """A row for each task, fingerprint and attack (COLUMNS). submitted: further rows, of fingerprints made elsewhere.

    together: tasks that differ in the source's seed alone, and their table over all sources, which stands for them under the
    first one's name; a fingerprint that this table lacks keeps the first one's rows. images: the image set of each task, where
    it is not its own.
    """
    mains = main_tables(reports)
    for tasks, frame in together:
        first = mains[tasks[0]]
        whole = pd.concat([frame, first[~first["fingerprint"].isin(frame["fingerprint"])]], ignore_index=True)
        mains = {task: whole if task == tasks[0] else main for task, main in mains.items() if task not in tasks[1:]}
    frames = [_own(main).assign(task=task, submitted=False) for task, main in mains.items()]
    frames += [_own(frame).assign(submitted=True) for frame in submitted]
    if not frames:
        return pd.DataFrame(columns=list(COLUMNS))
    board = pd.concat(frames, ignore_index=True)
    return board.assign(images=board["task"].replace(images or {}))[list(COLUMNS)]


def _own(main: pd.DataFrame) -> pd.DataFrame:
    parts = [[*str(label).split(", "), ""][: len(PARTS)] for label in main["probes"]]
    split = pd.DataFrame([part + [""] * (len(PARTS) - len(part)) for part in parts], columns=PARTS, index=main.index)
    rest = main.drop(columns=PARTS, errors="ignore")
    return pd.concat([rest, split], axis=1).assign(published=pd.to_numeric(main["published"], errors="coerce"))


def as_json(board: pd.DataFrame) -> str:
    """The rows as a JSON array, one a line."""
    return "[\n" + ",\n".join(json.dumps(row, allow_nan=False) for row in as_records(board)) + "\n]\n"


def as_records(board: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as JSON has them: null for what does not apply."""
    rows = as_frame(board).astype(object).itertuples(index=False, name=None)
    return [{name: None if pd.isna(value) else value for name, value in zip(COLUMNS, row, strict=True)} for row in rows]


def as_frame(board: pd.DataFrame) -> pd.DataFrame:
    """The rows with six significant digits, so that machines that differ in the last bits write the same."""
    numbers = [name for name, kind in COLUMNS.items() if kind == "number"]
    return board.assign(
        **{name: [np.nan if pd.isna(value) else float(f"{value:.6g}") for value in board[name]] for name in numbers}
    )


def schema() -> dict[str, Any]:
    """What leaderboard.json is, as a JSON Schema."""
    columns = {name: {"type": [kind, "null"] if kind == "number" else kind} for name, kind in COLUMNS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sac-bench leaderboard",
        "type": "array",
        "items": {"type": "object", "properties": columns, "required": list(COLUMNS), "additionalProperties": False},
    }


def comparable(board: pd.DataFrame) -> pd.DataFrame:
    """The rows of tasks that are no variant of another one: without watermarked twins and what tells regimes apart."""
    return board[~board["task"].str.endswith(TWIN) & ~board["task"].map(is_regime)]


def means(board: pd.DataFrame) -> pd.DataFrame:
    """By fingerprint and attack, the mean AUC over image sets, each the mean over its comparable tasks, with limits that take
    each image set as a draw: tasks of one share images and often irrelevant models.

    Columns: fingerprint, attack, tasks and sets (their numbers), auc, low, high (NaN for one image set), published (the same
    mean over the tasks that have one). Attacks and fingerprints keep their order.
    """
    rows = []
    for (fingerprint, attack), own in comparable(board).dropna(subset="auc").groupby(["fingerprint", "attack"], sort=False):
        drawn = own.groupby("images")[["auc", "published"]].mean()
        auc, low, high = mean_limits(drawn["auc"].to_numpy())
        low, high = np.clip([low, high], 0, 1)
        rows.append(
            {
                "fingerprint": fingerprint,
                "attack": attack,
                "tasks": len(own),
                "sets": len(drawn),
                "auc": auc,
                "low": low,
                "high": high,
                "published": drawn["published"].mean(),
            }
        )
    return pd.DataFrame(rows, columns=["fingerprint", "attack", "tasks", "sets", "auc", "low", "high", "published"])


def standings(board: pd.DataFrame) -> pd.DataFrame:
    """The means of the papers' average, the best first, of fingerprints that most tasks have, on as many image sets as most
    fingerprints: others are means over something else."""
    own = means(board)
    own = own[own["attack"] == AVERAGE]
    usual = own["sets"].mode().max()
    return own[(own["tasks"] > LEAST * own["tasks"].max()) & (own["sets"] >= usual)].sort_values(
        "auc", ascending=False, kind="stable"
    )


def lead(board: pd.DataFrame, first: str, second: str) -> tuple[float, float, float]:
    """By how much one fingerprint's average AUC exceeds another's on the same tasks, by image set: mean, low, high."""
    own = comparable(board[board["attack"] == AVERAGE])
    wide = own.pivot_table(index=["images", "task"], columns="fingerprint", values="auc")
    leads = wide.reindex(columns=[first, second]).dropna().diff(axis=1)[second]
    return mean_limits(-leads.groupby("images").mean().to_numpy())


def outcome(board: pd.DataFrame, papers: str = "SAC-JC") -> str:
    """What won, by how much, and how sure that is."""
    own = standings(board)
    if own.empty:
        return "No task has been run yet."
    best = own.iloc[0]
    tasks, sets = int(best["tasks"]), int(best["sets"])
    said = (
        f"Over {tasks} task{'s' * (tasks > 1)} on {sets} image set{'s' * (sets > 1)}, {best['fingerprint']} tells copies from "
        f"other models best: mean AUC {told(best)}"
    )
    rivals = [name for name in (*own["fingerprint"][1:2], papers) if name in set(own["fingerprint"][1:])]
    for name in dict.fromkeys(rivals):
        said += f"; {name} has {told(own[own['fingerprint'] == name].iloc[0])}"
    mean, low, high = lead(board, best["fingerprint"], rivals[-1]) if rivals else [np.nan] * 3
    if not np.isnan(mean):
        sure = "" if np.isnan(low) else f" [{signed(low)}, {signed(high)}]"
        said += f". On the same tasks it is ahead of {rivals[-1]} by {signed(mean)}{sure}"
    return f"{said} (1: perfect, 0.5: chance, in brackets 95 % intervals).{_caveat(str(best['fingerprint']), own)}"


def _caveat(name: str, own: pd.DataFrame) -> str:
    """What to know of a partial correlation that is ahead; empty for others. own: standings."""
    if not name.startswith(PARTIAL):
        return ""
    said = " Its form was found on some of these tasks (docs/protocol/partial.md)"
    same = own[own["fingerprint"] == name.replace("innocents", "owner")]
    if name.endswith("innocents") and len(same):
        said += ", and its references are innocent models, which an owner seldom has: with the owner's it has "
        said += told(same.iloc[0])
    return f"{said}."


def told(row: Any) -> str:
    """A mean with its limits, or alone where there are none. row: of `means` or `standings`."""
    return number(row.auc) if np.isnan(row.low) else measured(row.auc, row.low, row.high)
