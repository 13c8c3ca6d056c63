"""Several sources of one kind: tasks that differ in `source_seed` alone, judged together.

Each source has its own probes and its own stolen suspects; the irrelevant models are the same for all (`irrelevant_models`).
Everything is read from the committed tables of the tasks.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.metrics.intervals import Judged, Variance, interval
from pipeline.reports.judging import MEANS, columns, one_source
from pipeline.reports.tables import AVERAGE, AVERAGED, JUDGES, POOLED

SAME = ["fingerprint", "probes", "attack", "stolen", "irrelevant"]


def over_sources(reports: Path, tasks: Sequence[str], redraws: int) -> pd.DataFrame:
    """The main table over several sources: fingerprint, probes, attack, stolen and irrelevant (of one source), the mean AUC
    with its 95 % limits low and high, which cover the draw of sources too, sources (their number), lowest and highest (their
    AUCs), a column for each task with its AUC, and p_value, f1, f1_midpoint and tpr, which are means over sources.

    redraws: how many redraws of the probes gave the tables' sd_probes. Fingerprints that a source lacks are left out.
    """
    mains = {task: _read(reports, task, "main").set_index(["fingerprint", "attack"]) for task in tasks}
    scores = {task: _read(reports, task, "scores") for task in tasks}
    first = mains[tasks[0]]
    rows = []
    for key in first.index:
        if all(key in main.index and key[0] in scores[task] for task, main in mains.items()):
            own = {task: main.loc[key] for task, main in mains.items()}
            rows.append(
                dict(zip(SAME, (key[0], first.loc[key, "probes"], key[1], *first.loc[key, SAME[3:]]), strict=True))
                | _auc(key, own, scores, redraws)
                | {task: row["auc"] for task, row in own.items()}
                | {name: np.mean([row[name] for row in own.values()]) for name in MEANS}
            )
    return pd.DataFrame(rows)


def irrelevant_models(reports: Path, task: str) -> str:
    """The irrelevant models that judge a task: their names and accuracies, the same text for the same models."""
    scores, accuracy = (_read(reports, task, name) for name in ("scores", "accuracy"))
    judges = set(JUDGES.values())
    names = sorted(scores.loc[scores["attack"].isin(judges), "suspect"])
    return "\n".join([*names, str(accuracy[accuracy["attack"].isin(judges)].to_csv(index=False))])


def _read(reports: Path, task: str, name: str) -> pd.DataFrame:
    return pd.read_csv(reports / task / "tables" / f"{name}.csv")


def _auc(key: tuple[str, str], rows: dict[str, pd.Series], scores: dict[str, pd.DataFrame], redraws: int) -> dict[str, float]:
    if any(np.isnan(row["auc"]) for row in rows.values()):
        return dict.fromkeys(("auc", "low", "high", "lowest", "highest"), np.nan) | {"sources": len(rows)}
    return columns(interval([_judged(key, row, scores[task], redraws) for task, row in rows.items()]))


def _judged(key: tuple[str, str], row: pd.Series, scores: pd.DataFrame, redraws: int) -> Judged:
    """One source's suspects of an attack, of the papers' average, or of all its attacks pooled."""
    fingerprint, attack = key
    own = scores.assign(score=scores[fingerprint]).dropna(subset="score").sort_values("suspect", kind="stable")
    suspects = own[own["attack"].isin(AVERAGED if attack in (AVERAGE, POOLED) else [attack])]
    shares = 1 / suspects.groupby("attack")["attack"].transform("size") if attack == AVERAGE else 1.0
    irrelevant = own[own["attack"] == JUDGES[suspects["domain"].iloc[0]]]
    sd = row["sd_probes"]
    probes = None if np.isnan(sd) else Variance(float(sd) ** 2, float(redraws))
    return replace(one_source(suspects.assign(weight=shares), irrelevant), probes=probes)
