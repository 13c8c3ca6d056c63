"""Fingerprints that somebody else computed: their scores in a file, checked, and judged like our own.

A score file is CSV in UTF-8 with the columns `task, fingerprint, suspect, score`: a row for each suspect of a task, whose names
are those of reports/TASK/tables/scores.csv. Scores are numbers, higher for a likelier copy; all suspects of an attack may
be left out together, where the fingerprint does not apply to it. Files under reports/submitted/ stand in the leaderboard.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.core.errors import BadInput, unknown
from pipeline.metrics.statistics import Statistics
from pipeline.reports.judging import evaluate
from pipeline.reports.tables import Attack

COLUMNS = ["task", "fingerprint", "suspect", "score"]
FOLDER = "submitted"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,.()*+-]{0,39}")
LARGEST = 4_000_000


def read_submitted(reports: Path, *more: Path) -> list[pd.DataFrame]:
    """What the score files under `reports`/submitted give, in the order of their names, then `more` files.

    Raises BadInput, naming both, if two files give the same fingerprint on the same task.
    """
    frames: list[pd.DataFrame] = []
    first: dict[tuple[str, str], Path] = {}
    for file in (*sorted((reports / FOLDER).glob("*.csv")), *more):
        frames.append(judged(file, reports))
        for task, name in frames[-1].groupby(["task", "fingerprint"]).groups:
            if (other := first.setdefault((task, name), file)) != file:
                raise BadInput(
                    f"{file}: gives {name} on {task}, as {other} does: remove one, or name its fingerprint otherwise"
                )
    return frames


def judged(file: Path, reports: Path) -> pd.DataFrame:
    """Every metric of a score file's fingerprints by task and attack (`judging.evaluate`), as rows of a main table.

    Raises BadInput, with the line, for a file that is not of the form above.
    """
    frames = []
    for (task, name), own in _read(file).groupby(["task", "fingerprint"], sort=False):
        suspects, attacks = _suspects(reports, str(task), file)
        scores = _matched(own, suspects, f"{file}: {name} on {task}")
        frames.append(
            evaluate(scores, attacks, Statistics()).assign(
                task=task, fingerprint=f"{name} (submitted)", probes="", published=""
            )
        )
    return pd.concat(frames, ignore_index=True)


def _read(file: Path) -> pd.DataFrame:
    try:
        if file.stat().st_size > LARGEST:
            raise BadInput(f"{file}: {file.stat().st_size:,} bytes, expected at most {LARGEST:,}")
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise BadInput(f"{file}: no such file") from None
    except (ValueError, OSError) as error:
        raise BadInput(f"{file}: not CSV in UTF-8 ({' '.join(str(error).split())[:100]})") from None
    if list(frame.columns) != COLUMNS or frame.empty:
        raise BadInput(
            f"{file}: columns {', '.join(map(str, frame.columns))[:100]} and {len(frame)} rows, expected rows of "
            f"{', '.join(COLUMNS)}"
        )
    for place, name in enumerate(frame["fingerprint"], start=2):
        if not NAME.fullmatch(name):
            raise BadInput(
                f"{file}: line {place}: fingerprint {name[:60]!r}, expected at most 40 letters, digits, spaces and ,.()*+-"
            )
    values = pd.to_numeric(frame["score"], errors="coerce")
    for place in np.flatnonzero(~np.isfinite(values))[:1]:
        raise BadInput(
            f"{file}: line {place + 2}: score {frame['score'][place][:40]!r}, expected a finite number; leave out "
            "all suspects of an attack that the fingerprint does not apply to"
        )
    return frame.assign(score=values)


def _suspects(reports: Path, task: str, file: Path) -> tuple[pd.DataFrame, list[Attack]]:
    known = {path.parent.parent.name: path for path in sorted(reports.glob("*/tables/scores.csv"))}
    if task not in known:
        raise BadInput(f"{file}: {unknown('task', task, known)}")
    table = pd.read_csv(known[task], dtype={"variant": str}, keep_default_na=False)
    about = table.drop_duplicates("attack")
    attacks = [Attack(row.attack, row.domain, bool(row.stolen), None, {}, [{}]) for row in about.itertuples()]
    return table[["attack", "arch", "seed", "variant", "suspect"]], attacks


def _matched(own: pd.DataFrame, suspects: pd.DataFrame, where: str) -> pd.DataFrame:
    known = set(suspects["suspect"])
    if doubled := own["suspect"][own["suspect"].duplicated()].tolist():
        raise BadInput(f"{where}: suspect {doubled[0][:60]!r} twice")
    for name in own["suspect"]:
        if name not in known:
            raise BadInput(f"{where}: {unknown('suspect', name[:60], known)}")
    missing = suspects[~suspects["suspect"].isin(own["suspect"])]
    for attack, left in missing.groupby("attack"):
        if len(left) < (suspects["attack"] == attack).sum():
            raise BadInput(f"{where}: no score of {left['suspect'].iloc[0]}, but of other suspects of {attack}: all or none")
    return suspects.merge(own[["suspect", "score"]], on="suspect")
