"""Whether a threshold travels: tasks that differ in the source alone judge each other's suspects.

SAC-JC, Table 7 (the thresholds) and Figure 5 (the mean F1 when a source is judged by another one's threshold), which are about
sources of several architectures.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.metrics.thresholds import f1, f1_worst_of_four
from pipeline.reports.tables import JUDGES

FINGERPRINT = "SAC-JC"


def exchange(reports: Path, tasks: list[str]) -> pd.DataFrame:
    """(tasks, 1 + tasks): each task's threshold as a distance, and its mean F1 by the threshold of every task.

    A row is a source, a column the one whose threshold is used. F1 is the mean over the attacks on the attacker's own
    half (transfer apart); a suspect is flagged when its distance is strictly below the threshold.
    """
    scores = {task: pd.read_csv(reports / task / "tables" / "scores.csv") for task in tasks}
    thresholds = {task: _threshold(frame) for task, frame in scores.items()}
    rows = [
        {
            "source": task,
            "threshold": -thresholds[task],
            **{other: _mean_f1(scores[task], limit) for other, limit in thresholds.items()},
        }
        for task in tasks
    ]
    return pd.DataFrame(rows)


def _threshold(frame: pd.DataFrame) -> float:
    """The highest score of four irrelevant models, the mean over all choices of four."""
    irrelevant = frame[frame["attack"] == JUDGES["task"]]
    scores = irrelevant[FINGERPRINT].to_numpy()
    return f1_worst_of_four(scores, scores, irrelevant["arch"].to_numpy(str))[1]


def _mean_f1(frame: pd.DataFrame, threshold: float) -> float:
    own = frame[frame["domain"] == "task"]
    false = (own[~own["stolen"]][FINGERPRINT] > threshold).sum()
    return float(
        np.mean(
            [
                f1((suspects > threshold).sum(), false, len(suspects))
                for _, suspects in own[own["stolen"]].groupby("attack", sort=False)[FINGERPRINT]
            ]
        )
    )
