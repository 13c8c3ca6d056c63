"""The report of made scores: the published embedded task with more and more models of each kind, whose scores vary."""

import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.stats import rankdata

from benchmarks.growing.measuring import Point, Points, alone
from pipeline.fingerprints.naming import Fingerprint
from pipeline.fingerprints.scoring import FINGERPRINT
from pipeline.metrics.statistics import Statistics
from pipeline.publish.snapshot import SCORES, Snapshot, read_snapshot
from pipeline.publish.untrusted import parse_json
from pipeline.reports.judging import RANKS, with_redraws
from pipeline.reports.material import Material
from pipeline.reports.published import read_published
from pipeline.reports.report import write_report
from pipeline.reports.tables import Attack, attack_of

AXIS = "suspects of a report"
TASK = "fashion_mini"
TIMES = (2, 5, 16, 47, 156)
"""How often each suspect of the first seed stands there: 64 to 4,992 suspects."""
FEWER = (10, 25, 40, 100)
REDRAWS = 40
SPREAD = 0.05
"""How far scores vary beside each other, and on redraws."""


def points(largest: int, only: str) -> Points:
    """The report at every size."""
    snapshot = read_snapshot(TASK)
    for times in TIMES if only in ("", AXIS) else ():
        scores, redraws = made(snapshot, times)
        size = scores["suspect"].nunique()
        if size > largest:
            return
        with tempfile.TemporaryDirectory() as folder:
            scores.to_parquet(Path(folder) / "scores.parquet")
            redraws.to_parquet(Path(folder) / "redraws.parquet")
            on = f"{size:,} suspects, {len(scores):,} scores, {len(redraws):,} of them with {REDRAWS} redraws"
            del scores, redraws
            yield Point(AXIS, "report", size, on, *alone(__name__, {"folder": folder, "times": times}))


def work(folder: str, times: int) -> None:
    """Write the report of the scores in `folder`, as stage `report` does."""
    home, snapshot = Path(folder), read_snapshot(TASK)
    params = yaml.safe_load(snapshot.files["params.yaml"])
    scores = with_redraws(pd.read_parquet(home / "scores.parquet"), pd.read_parquet(home / "redraws.parquet"))
    material = Material(
        task=TASK,
        title="made scores",
        scores=scores,
        attacks=[repeated(attack, times) for attack in attacks(snapshot)],
        published=read_published(Path("reports/published.csv"), "fashion_mnist"),
        named={name: Fingerprint(**one) for name, one in params["table"].items()},
        asked=Fingerprint(method="cutmix"),
        statistics=Statistics(),
        facts={},
        examples=[],
        watermarked=pd.DataFrame(columns=["fingerprint", "attack", "stolen"]),
    )
    write_report(material, home / "report")


def made(snapshot: Snapshot, times: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores over all probes and over fewer, and ranks on redraws, of every suspect of the first seed `times` times."""
    draw = np.random.default_rng(0)
    base = pd.read_parquet(io.BytesIO(snapshot.files[SCORES]))
    base = base[base["seed"] == 0]
    whole = pd.concat([base.assign(seed=seed, suspect=base["suspect"] + f"-{seed}") for seed in range(times)])
    whole = whole.sort_values(FINGERPRINT, kind="stable", ignore_index=True)
    fewer = [whole[whole["count"] > count].assign(count=count) for count in FEWER]
    scores = pd.concat([whole, *fewer], ignore_index=True)
    scores["score"] += (SPREAD * draw.standard_normal(len(scores))).astype(np.float32)
    redraws = [ranks(own, draw) for _, own in whole.groupby(FINGERPRINT, sort=False, observed=True)]
    return scores, pd.concat(redraws, ignore_index=True)


def ranks(own: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    """The ranks on redraws of a fingerprint's suspects."""
    own = own.dropna(subset="score")
    drawn = own["score"].to_numpy() + SPREAD * draw.standard_normal((REDRAWS, len(own)))
    return own.drop(columns="score").assign(**{RANKS: list(rankdata(drawn, method="dense", axis=1).astype(np.uint16).T)})


def attacks(snapshot: Snapshot) -> list[Attack]:
    """The attacks of the published run, from its records."""
    return [attack_of(parse_json(snapshot.files[f"records/{name}.json"], name)) for name in snapshot.records]


def repeated(attack: Attack, times: int) -> Attack:
    """An attack with the models of its first seed as often as `made` has them."""
    first: list[dict[str, Any]] = [model for model in attack.models if model["seed"] == 0]
    models = [model | {"seed": seed, "suspect": f"{model['suspect']}-{seed}"} for seed in range(times) for model in first]
    return Attack(attack.name, attack.domain, attack.stolen, attack.why, attack.learned, models)
