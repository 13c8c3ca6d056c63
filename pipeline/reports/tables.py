"""The tables of a task, as frames: what every figure and page is made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.errors import BadInput
from pipeline.core.seal import read_sealed
from pipeline.fingerprints.naming import Fingerprint
from pipeline.metrics.auc import auc
from pipeline.outputs.table import SUSPECT

AVERAGE, POOLED = "average", "pooled"
JUDGES = {"task": "irrelevant", "transfer": "irrelevant_transfer", "corrupted": "irrelevant_corrupted"}
"""Which irrelevant models an attack is judged against, by the images that both were trained on."""
AVERAGED = (
    "finetune_all",
    "finetune_last",
    "prune",
    "extract_label",
    "extract_prob",
    "extract_adv",
    "distill",
    "adversarial_training",
)
"""The attacks that the papers average. They leave transfer out; an attack of one's own stands beside the average."""


@dataclass(frozen=True)
class Attack:
    """One attack of a task, from its records. `learned`: how many images and classes (or people) its models were trained
    on. `averaged`: counts in "average"."""

    name: str
    domain: str
    stolen: bool
    why: str | None
    learned: dict[str, int]
    models: list[dict[str, Any]]

    @property
    def judge(self) -> str:
        return JUDGES[self.domain]

    @property
    def averaged(self) -> bool:
        return self.name in AVERAGED


def read_records(files: Sequence[Path]) -> list[Attack]:
    """The attacks of a task (and its source and surrogates) in the order of `files`."""
    raws = [read_sealed(file) for file in files]
    for file, raw in zip(files, raws, strict=True):
        if raw.get("attack") != file.stem:
            raise BadInput(
                f"{file}: the records of {raw.get('attack')}, expected those of {file.stem}; `dvc repro` makes them anew"
            )
    return [attack_of(raw) for raw in raws]


def attack_of(raw: dict[str, Any]) -> Attack:
    """An attack from what its file of records holds."""
    return Attack(raw["attack"], raw["domain"], raw["stolen"], raw["why"], raw["learned"], raw["models"])


def select(scores: pd.DataFrame, fingerprint: Fingerprint) -> pd.DataFrame:
    """The scores of one fingerprint over all its probes. BadInput if there are none."""
    own = scores[
        (scores["method"] == fingerprint.method)
        & (scores["representation"] == fingerprint.representation)
        & (scores["comparison"] == fingerprint.comparison)
        & (scores["references"] == fingerprint.references)
    ]
    own = own[own["count"] == own["count"].max()]
    if own.empty:
        raise BadInput(f"no scores of {fingerprint.label}; run `dvc repro`")
    return own


def suspect_scores(scores: pd.DataFrame, attacks: list[Attack], fingerprints: dict[str, Fingerprint]) -> pd.DataFrame:
    """The score of every suspect, a column for each named fingerprint, beside its attack's `domain` and `stolen`."""
    columns = [
        select(scores, fingerprint).set_index(SUSPECT)["score"].rename(name) for name, fingerprint in fingerprints.items()
    ]
    about = pd.DataFrame([{"attack": attack.name, "domain": attack.domain, "stolen": attack.stolen} for attack in attacks])
    return about.merge(pd.concat(columns, axis=1).reset_index(), on="attack")


def all_aucs(scores: pd.DataFrame, attacks: list[Attack]) -> pd.DataFrame:
    """AUC of every fingerprint at every number of probes: one row for each attack, and the papers' average.

    Columns: method, representation, comparison, references, count, attack, auc. NaN where a fingerprint does not apply.
    """
    keys = ["method", "representation", "comparison", "references", "count"]
    judged = {attack.name: attack for attack in attacks if attack.stolen}
    rows = []
    for key, by_attack in _scores_by(scores, keys).items():
        values = {
            name: _auc(by_attack[name], by_attack.get(attack.judge)) for name, attack in judged.items() if name in by_attack
        }
        averaged = [value for name, value in values.items() if judged[name].averaged]
        values[AVERAGE] = float(np.mean(averaged)) if averaged else np.nan
        rows += [(*key, name, value) for name, value in values.items()]
    return pd.DataFrame(rows, columns=[*keys, "attack", "auc"])


def _scores_by(scores: pd.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], dict[str, np.ndarray]]:
    """The scores of each attack's suspects by the values of `keys`, both in the order in which they first appear.

    A frame for each of the thousands of groups would take longer than all AUCs.
    """
    values, found = scores["score"].to_numpy(), dict[tuple[Any, ...], dict[str, np.ndarray]]()
    groups = scores.groupby([*keys, "attack"], observed=True).indices
    for (*key, attack), places in sorted(groups.items(), key=lambda group: group[1][0]):
        found.setdefault(tuple(key), {})[attack] = values[places]
    return found


def by_architecture(scores: pd.DataFrame, attacks: list[Attack]) -> pd.DataFrame:
    """AUC of each attack's suspects of one architecture against the irrelevant models of that architecture."""
    rows = []
    for attack in attacks:
        own = scores[(scores["attack"] == attack.name)]
        for arch, suspects in own.groupby("arch") if attack.stolen else ():
            judge = scores[(scores["attack"] == attack.judge) & (scores["arch"] == arch)]
            rows.append(
                {
                    "attack": attack.name,
                    "arch": arch,
                    "stolen": len(suspects),
                    "irrelevant": len(judge),
                    "auc": _auc(suspects["score"].to_numpy(), judge["score"].to_numpy()),
                }
            )
    return pd.DataFrame(rows)


def by_pruning_ratio(scores: pd.DataFrame, attacks: list[Attack], everything: pd.DataFrame) -> pd.DataFrame:
    """AUC, test accuracy and agreement of the pruned suspects at each ratio of removed channels.

    scores: of one fingerprint. everything: those of all fingerprints, of which `matching` on clean probes is the agreement:
    the share of images that a suspect answers as the source does; NaN where there are none.
    """
    clean = everything[(everything["method"] == "clean") & (everything["comparison"] == "matching")]
    agreed = clean[clean["count"] == clean["count"].max()].drop_duplicates("suspect").set_index("suspect")["score"]
    pruned = {attack.name: attack for attack in attacks if attack.name == "prune" and attack.models}
    rows = []
    for name, attack in pruned.items():
        records = pd.DataFrame(attack.models)
        irrelevant = scores[scores["attack"] == attack.judge]["score"].to_numpy()
        for ratio, suspects in scores[scores["attack"] == name].groupby("variant"):
            rows.append(
                {
                    "ratio": ratio,
                    "suspects": len(suspects),
                    "auc": _auc(suspects["score"].to_numpy(), irrelevant),
                    "test_accuracy": records[records["variant"] == ratio]["test_accuracy"].mean(),
                    "agreement": agreed.reindex(suspects["suspect"]).mean(),
                }
            )
    return pd.DataFrame(rows, columns=["ratio", "suspects", "auc", "test_accuracy", "agreement"])


def accuracies(attacks: list[Attack]) -> pd.DataFrame:
    """Mean training and test accuracy by attack and architecture (SAC-JC, Table 3); pruning by ratio.

    images, classes: those that a model learned, or in face verification people. train_accuracy is on the labels that it
    learned, so 1 means converged; lowest_train is its smallest.
    """
    frame = pd.DataFrame([{**model, **attack.learned} for attack in attacks for model in attack.models])
    groups = frame.groupby(["attack", "arch", "variant"], sort=False)
    table = groups.agg(
        models=("suspect", "size"),
        images=("images", "first"),
        classes=("classes", "first"),
        train_accuracy=("train_accuracy", "mean"),
        lowest_train=("train_accuracy", "min"),
        test_accuracy=("test_accuracy", "mean"),
    )
    return table.reset_index()


def success(scores: pd.DataFrame, attacks: list[Attack]) -> pd.DataFrame:
    """The mean share of probes that suspects answer as the source does, by method of probes and attack."""
    own = scores[(scores["comparison"] == "matching")]
    own = own[own["count"] == own.groupby("method")["count"].transform("max")]
    means = own.groupby(["method", "attack"], sort=False)["score"].mean().unstack()
    order = [attack.name for attack in attacks if attack.name in means]
    return means.loc[list(dict.fromkeys(own["method"])), order].reset_index().rename_axis(columns=None)


def probe_facts(facts: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """How many probes of each method there are, and what their maker says of them."""
    rows = [{"method": method, "probes": own["probes"], "facts": _listed(own["facts"])} for method, own in facts.items()]
    return pd.DataFrame(rows, columns=["method", "probes", "facts"])


def _listed(facts: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in facts.items())


def costs(attacks: list[Attack], seconds: dict[str, float]) -> pd.DataFrame:
    """Models, training runs and core-seconds by attack, with a total.

    seconds: how long each training run took where it was made, by its key.
    """
    frame = pd.DataFrame([{**model, "seconds": seconds[model["key"]]} for attack in attacks for model in attack.models])
    runs = frame.drop_duplicates(["attack", "key"]).groupby("attack", sort=False)
    table = pd.DataFrame(
        {
            "models": frame.groupby("attack", sort=False).size(),
            "runs": runs.size(),
            "core_seconds": runs["seconds"].sum().round(1),
        }
    ).reset_index()
    total = {"attack": "total", **table[["models", "runs", "core_seconds"]].sum().to_dict()}
    return pd.concat([table, pd.DataFrame([total])], ignore_index=True)


def _auc(stolen: np.ndarray, irrelevant: np.ndarray | None) -> float:
    if irrelevant is None or not len(stolen) or not len(irrelevant) or np.isnan(stolen).any() or np.isnan(irrelevant).any():
        return float("nan")
    return auc(stolen, irrelevant)
