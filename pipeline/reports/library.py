"""All published tables at once, as data frames: `load()["main"]` is the main table of every task, one below the other."""

from pathlib import Path

import pandas as pd

from pipeline.core.errors import BadInput

TEXT = ("variant", "ratio", "published", "published_p_value", "published_f1")
"""Columns that stay text: what is printed, with its precision, and names that look like numbers."""


def load(reports: Path = Path("reports")) -> dict[str, pd.DataFrame]:
    """Every table by its name: those of the tasks (TASK/tables/NAME.csv) with a column `task` in front, and those over all
    tasks (NAME.csv). A name that both have is the tasks'. Raises BadInput where no task has a report."""
    files = sorted(reports.glob("*/tables/*.csv"))
    if not files:
        raise BadInput(f"{reports}: no reports; `make repro` makes them")
    parts: dict[str, list[pd.DataFrame]] = {}
    for file in files:
        frame = _read(file)
        if "task" not in frame:
            frame.insert(0, "task", file.parent.parent.name)
        parts.setdefault(file.stem, []).append(frame)
    found = {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}
    return {file.stem: _read(file) for file in sorted(reports.glob("*.csv"))} | found


def _read(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype=dict.fromkeys(TEXT, str), low_memory=False)
