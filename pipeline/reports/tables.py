"""The tables of a task, as frames: what every figure and page is made from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import metrics
from pipeline.errors import BadInput
from pipeline.files import read_json
from pipeline.fingerprints.naming import Fingerprint
from pipeline.outputs import SUSPECT
from pipeline.statistics import Statistics

ADVERSARIAL = "extract_adv"
AVERAGE, POOLED = "average", "pooled"
JUDGES = {"half": "irrelevant", "transfer": "irrelevant_transfer", "corrupted": "irrelevant_corrupted"}
"""Which irrelevant models an attack is judged against, by the images that both were trained on."""


@dataclass(frozen=True)
class Attack:
    """One attack of a task, from its records. `learned`: how many images and classes (or people) its models were trained
    on. `averaged`: counts in "Average", as the papers have it (transfer apart)."""

    name: str
    half: str
    stolen: bool
    why: str | None
    learned: dict[str, int]
    models: list[dict]

    @property
    def judge(self) -> str:
        return JUDGES[self.half]

    @property
    def averaged(self) -> bool:
        return self.stolen and self.half == "half"


def read_records(files: list[Path]) -> list[Attack]:
    """The attacks of a task (and its source and surrogates) in the order of `files`."""
    raws = [read_json(file) for file in files]
    return [Attack(raw["attack"], raw["half"], raw["stolen"], raw["why"], raw["learned"], raw["models"])
            for raw in raws]


def select(scores: pd.DataFrame, fingerprint: Fingerprint) -> pd.DataFrame:
    """The scores of one fingerprint over all its probes. BadInput if there are none."""
    own = scores[(scores["method"] == fingerprint.method) & (scores["representation"] == fingerprint.representation)
                 & (scores["comparison"] == fingerprint.comparison)]
    own = own[own["count"] == own["count"].max()]
    if own.empty:
        raise BadInput(f"no scores of {fingerprint.label}; run `dvc repro`")
    return own


def evaluate(scores: pd.DataFrame, attacks: list[Attack], how: Statistics) -> pd.DataFrame:
    """One row for each stolen attack, then the papers' average and all averaged attacks pooled.

    The average's limits are the means of the attacks' limits: all attacks face the same irrelevant models, so their
    errors move together, and this is the cautious end. scores: of one fingerprint. Columns: attack, stolen,
    irrelevant (numbers of suspects), auc, low, high, p_value, side, f1, threshold, f1_midpoint, tpr (at 5 % FPR). NaN
    throughout where the fingerprint does not apply.
    """
    by_attack = {name: own.dropna(subset="score") for name, own in scores.groupby("attack", sort=False)}
    stolen = [attack for attack in attacks if attack.stolen and attack.name in by_attack]
    rows = [{"attack": attack.name, **_judge(by_attack[attack.name], by_attack, attack.judge, how)} for attack in stolen]
    averaged = [attack.name for attack in stolen if attack.averaged]
    if averaged:
        own = pd.DataFrame(rows).set_index("attack").loc[averaged]
        pooled = _judge(pd.concat([by_attack[name] for name in averaged]), by_attack, JUDGES["half"], how)
        means = own[["auc", "low", "high", "p_value", "f1", "f1_midpoint", "tpr"]].mean(skipna=False).to_dict()
        rows += [{"attack": AVERAGE, **pooled, **means}, {"attack": POOLED, **pooled}]
    return pd.DataFrame(rows)


def _judge(suspects: pd.DataFrame, by_attack: dict[str, pd.DataFrame], judge: str, how: Statistics) -> dict:
    """All metrics of stolen suspects against the irrelevant models `judge`."""
    irrelevant = by_attack.get(judge, suspects[:0])
    row = {"stolen": len(suspects), "irrelevant": len(irrelevant)}
    if not len(irrelevant) or not len(suspects):
        return row | dict.fromkeys(("auc", "low", "high", "p_value", "f1", "threshold", "f1_midpoint", "tpr"), np.nan)
    scores, negatives = suspects["score"].to_numpy(), irrelevant["score"].to_numpy()
    archs = irrelevant["arch"].to_numpy(str)
    units = (suspects["attack"] + "-" + suspects["arch"] + "-" + suspects["seed"].astype(str)).to_numpy(str)
    interval = metrics.auc_interval(scores, negatives, units, suspects["arch"].to_numpy(str), archs, how.resamples, how.seed)
    p_value, side = metrics.p_value(scores, negatives, how.equal_variance)
    f1, threshold = metrics.f1_worst_of_four(scores, negatives, archs, how.threshold_choices, how.seed)
    own = ADVERSARIAL in set(suspects["attack"])
    adversarial = by_attack.get(ADVERSARIAL, suspects[:0])["score"].to_numpy()
    if judge != JUDGES["half"]:
        adversarial = adversarial[:0]
    midpoint = metrics.f1_midpoint(scores, negatives, archs, adversarial, own, how.threshold_choices, how.seed)
    return row | {"auc": interval.value, "low": interval.low, "high": interval.high, "p_value": p_value, "side": side,
                  "f1": f1, "threshold": threshold, "f1_midpoint": midpoint,
                  "tpr": metrics.tpr_at(scores, negatives)}


def main_table(scores: pd.DataFrame, attacks: list[Attack], fingerprints: dict[str, Fingerprint],
               how: Statistics) -> pd.DataFrame:
    """`evaluate` for every named fingerprint, with its name in front."""
    frames = [evaluate(select(scores, fingerprint), attacks, how).assign(fingerprint=name, probes=fingerprint.label)
              for name, fingerprint in fingerprints.items()]
    frame = pd.concat(frames, ignore_index=True)
    return frame[["fingerprint", "probes", *(column for column in frame if column not in ("fingerprint", "probes"))]]


def suspect_scores(scores: pd.DataFrame, attacks: list[Attack], fingerprints: dict[str, Fingerprint]) -> pd.DataFrame:
    """The score of every suspect, a column for each named fingerprint, beside its attack's `half` and `stolen`."""
    columns = [select(scores, fingerprint).set_index(SUSPECT)["score"].rename(name)
               for name, fingerprint in fingerprints.items()]
    about = pd.DataFrame([{"attack": attack.name, "half": attack.half, "stolen": attack.stolen} for attack in attacks])
    return about.merge(pd.concat(columns, axis=1).reset_index(), on="attack")


def all_aucs(scores: pd.DataFrame, attacks: list[Attack]) -> pd.DataFrame:
    """AUC of every fingerprint at every number of probes: one row for each attack, and the papers' average.

    Columns: method, representation, comparison, count, attack, auc. NaN where a fingerprint does not apply.
    """
    judged = {attack.name: attack for attack in attacks if attack.stolen}
    rows = []
    for key, own in scores.groupby(["method", "representation", "comparison", "count"], sort=False, observed=True):
        by_attack = {name: group["score"].to_numpy() for name, group in own.groupby("attack", sort=False)}
        values = {name: _auc(by_attack[name], by_attack.get(attack.judge)) for name, attack in judged.items()
                  if name in by_attack}
        averaged = [value for name, value in values.items() if judged[name].averaged]
        values[AVERAGE] = float(np.mean(averaged)) if averaged else np.nan
        rows += [(*key, name, value) for name, value in values.items()]
    return pd.DataFrame(rows, columns=["method", "representation", "comparison", "count", "attack", "auc"])


def by_architecture(scores: pd.DataFrame, attacks: list[Attack]) -> pd.DataFrame:
    """AUC of each attack's suspects of one architecture against the irrelevant models of that architecture."""
    rows = []
    for attack in attacks:
        own = scores[(scores["attack"] == attack.name)]
        for arch, suspects in own.groupby("arch") if attack.stolen else ():
            judge = scores[(scores["attack"] == attack.judge) & (scores["arch"] == arch)]
            rows.append({"attack": attack.name, "arch": arch, "stolen": len(suspects), "irrelevant": len(judge),
                         "auc": _auc(suspects["score"].to_numpy(), judge["score"].to_numpy())})
    return pd.DataFrame(rows)


def by_pruning_ratio(scores: pd.DataFrame, attacks: list[Attack]) -> pd.DataFrame:
    """AUC and test accuracy of the pruned suspects at each ratio of removed channels."""
    pruned = {attack.name: attack for attack in attacks if attack.name == "prune" and attack.models}
    rows = []
    for name, attack in pruned.items():
        records = pd.DataFrame(attack.models)
        irrelevant = scores[scores["attack"] == attack.judge]["score"].to_numpy()
        for ratio, suspects in scores[scores["attack"] == name].groupby("variant"):
            rows.append({"ratio": ratio, "suspects": len(suspects),
                         "auc": _auc(suspects["score"].to_numpy(), irrelevant),
                         "test_accuracy": records[records["variant"] == ratio]["test_accuracy"].mean()})
    return pd.DataFrame(rows, columns=["ratio", "suspects", "auc", "test_accuracy"])


def accuracies(attacks: list[Attack]) -> pd.DataFrame:
    """Mean training and test accuracy by attack and architecture (SAC-JC, Table 3); pruning by ratio.

    images, classes: those that a model learned, or in face verification people. train_accuracy is on the labels that it
    learned, so 1 means converged; lowest_train is its smallest.
    """
    frame = pd.DataFrame([{**model, **attack.learned} for attack in attacks for model in attack.models])
    groups = frame.groupby(["attack", "arch", "variant"], sort=False)
    table = groups.agg(models=("suspect", "size"), images=("images", "first"), classes=("classes", "first"),
                       train_accuracy=("train_accuracy", "mean"),
                       lowest_train=("train_accuracy", "min"), test_accuracy=("test_accuracy", "mean"))
    return table.reset_index()


def success(scores: pd.DataFrame, attacks: list[Attack]) -> pd.DataFrame:
    """The mean share of probes that suspects answer as the source does, by kind of probes and attack."""
    own = scores[(scores["comparison"] == "matching")]
    own = own[own["count"] == own.groupby("method")["count"].transform("max")]
    means = own.groupby(["method", "attack"], sort=False)["score"].mean().unstack()
    order = [attack.name for attack in attacks if attack.name in means]
    return means.loc[list(dict.fromkeys(own["method"])), order].reset_index().rename_axis(columns=None)


def probe_facts(facts: dict[str, dict]) -> pd.DataFrame:
    """How many probes of each kind there are, and what their maker says of them."""
    rows = [{"method": kind, "probes": own["probes"], "facts": _listed(own["facts"])} for kind, own in facts.items()]
    return pd.DataFrame(rows, columns=["method", "probes", "facts"])


def _listed(facts: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in facts.items())


def costs(attacks: list[Attack]) -> pd.DataFrame:
    """Models, training runs and core-seconds by attack, with a total. Seconds are those of the run that made a
    model."""
    frame = pd.DataFrame([model for attack in attacks for model in attack.models])
    runs = frame.drop_duplicates(["attack", "key"]).groupby("attack", sort=False)
    table = pd.DataFrame({"models": frame.groupby("attack", sort=False).size(), "runs": runs.size(),
                          "core_seconds": runs["seconds"].sum().round(1)}).reset_index()
    total = {"attack": "total", **table[["models", "runs", "core_seconds"]].sum().to_dict()}
    return pd.concat([table, pd.DataFrame([total])], ignore_index=True)


def _auc(stolen: np.ndarray, irrelevant: np.ndarray | None) -> float:
    if irrelevant is None or not len(stolen) or not len(irrelevant) or np.isnan(stolen).any() or np.isnan(irrelevant).any():
        return float("nan")
    return metrics.auc(stolen, irrelevant)
