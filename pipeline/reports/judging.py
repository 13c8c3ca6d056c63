"""Stolen suspects judged against irrelevant ones: every metric of every attack, for one fingerprint or all named ones."""

import numpy as np
import pandas as pd

from pipeline.fingerprints.naming import Fingerprint
from pipeline.fingerprints.scoring import FINGERPRINT
from pipeline.metrics.auc import tpr_at
from pipeline.metrics.intervals import Interval, Judged, interval
from pipeline.metrics.significance import p_value
from pipeline.metrics.statistics import Statistics
from pipeline.metrics.thresholds import f1_midpoint, f1_worst_of_four
from pipeline.reports.tables import AVERAGE, JUDGES, POOLED, Attack, select

ADVERSARIAL = "extract_adv"
RANKS, SOURCE = "ranks", "source"
LIMITS = ["auc", "low", "high", "sources", "lowest", "highest", "sd_suspects", "sd_probes"]
AT_THRESHOLDS = ["p_value", "f1", "threshold", "f1_midpoint", "tpr"]
MEANS = ["p_value", "f1", "f1_midpoint", "tpr"]


def with_redraws(scores: pd.DataFrame, redraws: pd.DataFrame) -> pd.DataFrame:
    """`scores` with the column `ranks` of `redraws` beside the scores over all probes; NaN elsewhere."""
    keys = [*FINGERPRINT, *({SOURCE} & set(redraws)), "suspect"]
    whole = scores["count"] == scores.groupby(FINGERPRINT)["count"].transform("max")
    ranks = scores.loc[whole, keys].merge(redraws[[*keys, RANKS]], on=keys, how="left", validate="one_to_one")[RANKS]
    return scores.assign(ranks=pd.Series(ranks.to_numpy(), index=scores.index[whole], dtype=object))


def evaluate(scores: pd.DataFrame, attacks: list[Attack], statistics: Statistics) -> pd.DataFrame:
    """One row for each stolen attack, then the papers' average and all averaged attacks pooled.

    scores: of one fingerprint, `with_redraws`; where there are several sources, with a column `source`. Columns: attack,
    stolen, irrelevant (numbers of suspects of a source), then auc with its limits low and high; sources (their number:
    with one, the limits are conditional on it), lowest and highest (their AUCs); sd_suspects and sd_probes (standard
    errors that the draw of suspects and of probes give the AUC; NaN where there are no redraws); p_value, side, f1,
    threshold, f1_midpoint, tpr (at 5 % FPR), which are means over sources. In the row of the average, auc has limits of
    its own; p-value, F1 and TPR are means over the attacks. NaN throughout where the fingerprint does not apply.
    """
    by_attack = {name: own.dropna(subset="score") for name, own in scores.groupby("attack", sort=False)}
    stolen = [attack for attack in attacks if attack.stolen and attack.name in by_attack]
    rows = [{"attack": attack.name, **_judge(by_attack[attack.name], by_attack, attack.judge, statistics)} for attack in stolen]
    averaged = [attack.name for attack in stolen if attack.averaged]
    if averaged:
        own = pd.DataFrame(rows).set_index("attack").loc[averaged]
        suspects = pd.concat([by_attack[name] for name in averaged])
        pooled = _judge(suspects, by_attack, JUDGES["task"], statistics)
        means = own[MEANS].mean(skipna=False).to_dict()
        shares = 1 / suspects.groupby("attack")["attack"].transform("size").to_numpy()
        limits = dict.fromkeys(LIMITS, np.nan)
        if own["auc"].notna().all():
            limits = _limits(suspects, by_attack[JUDGES["task"]], shares)
        rows += [{"attack": AVERAGE, **pooled, **limits, **means}, {"attack": POOLED, **pooled}]
    return pd.DataFrame(rows)


def average_limits(scores: pd.DataFrame, attacks: list[Attack]) -> dict[str, float]:
    """The papers' average AUC of one fingerprint with its limits low and high; NaN where it does not apply."""
    by_attack = {name: own.dropna(subset="score") for name, own in scores.groupby("attack", sort=False)}
    averaged = [attack.name for attack in attacks if attack.stolen and attack.averaged and attack.name in by_attack]
    irrelevant = by_attack.get(JUDGES["task"], scores[:0])
    if not averaged or irrelevant.empty or not all(len(by_attack[name]) for name in averaged):
        return dict.fromkeys(("auc", "low", "high"), np.nan)
    suspects = pd.concat([by_attack[name] for name in averaged])
    shares = 1 / suspects.groupby("attack")["attack"].transform("size").to_numpy()
    return {name: value for name, value in _limits(suspects, irrelevant, shares).items() if name in ("auc", "low", "high")}


def main_table(
    scores: pd.DataFrame, attacks: list[Attack], fingerprints: dict[str, Fingerprint], statistics: Statistics
) -> pd.DataFrame:
    """`evaluate` for every named fingerprint, with its name in front."""
    frames = [
        evaluate(select(scores, fingerprint), attacks, statistics).assign(fingerprint=name, probes=fingerprint.label)
        for name, fingerprint in fingerprints.items()
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame[["fingerprint", "probes", *(column for column in frame if column not in ("fingerprint", "probes"))]]


def _judge(suspects: pd.DataFrame, by_attack: dict[str, pd.DataFrame], judge: str, statistics: Statistics) -> dict[str, object]:
    """All metrics of stolen suspects against the irrelevant models `judge`."""
    irrelevant = by_attack.get(judge, suspects[:0])
    sources = len(_by_source(suspects))
    row = {"stolen": len(suspects) // max(1, sources), "irrelevant": len(irrelevant) // max(1, sources)}
    if not len(irrelevant) or not len(suspects):
        return row | dict.fromkeys((*LIMITS, *AT_THRESHOLDS), np.nan)
    adversarial = by_attack.get(ADVERSARIAL, suspects[:0]) if judge == JUDGES["task"] else suspects[:0]
    triples = zip(_by_source(suspects), _by_source(irrelevant), _by_source(adversarial) or [adversarial] * sources, strict=True)
    each = pd.DataFrame([_at_thresholds(*one, statistics) for one in triples])
    side = p_value(suspects["score"].to_numpy(), irrelevant["score"].to_numpy())[1]
    return {**row, **_limits(suspects, irrelevant, np.ones(len(suspects))), **each.mean(skipna=False).to_dict(), "side": side}


def _at_thresholds(
    suspects: pd.DataFrame, irrelevant: pd.DataFrame, adversarial: pd.DataFrame, statistics: Statistics
) -> dict[str, float]:
    """The metrics of one source's suspects that no interval goes with."""
    scores, negatives, archs = suspects["score"].to_numpy(), irrelevant["score"].to_numpy(), irrelevant["arch"].to_numpy(str)
    f1, threshold = f1_worst_of_four(scores, negatives, archs)
    midpoint = f1_midpoint(
        scores,
        negatives,
        archs,
        adversarial["score"].to_numpy(),
        adversarial["arch"].to_numpy(str),
        own=ADVERSARIAL in set(suspects["attack"]),
    )
    return {
        "p_value": p_value(scores, negatives, statistics.equal_variance)[0],
        "f1": f1,
        "threshold": threshold,
        "f1_midpoint": midpoint,
        "tpr": tpr_at(scores, negatives),
    }


def _limits(suspects: pd.DataFrame, irrelevant: pd.DataFrame, weights: np.ndarray) -> dict[str, float]:
    """The AUC and what goes with it. weights: of the suspects."""
    pairs = zip(_by_source(suspects.assign(weight=weights)), _by_source(irrelevant), strict=True)
    each = [one_source(own, others) for own, others in pairs]
    found = interval(each)
    probes = np.sqrt(found.probes) if all(len(own.stolen_redraws) for own in each) else np.nan
    return columns(found) | {"sd_suspects": np.sqrt(found.stolen + found.irrelevant), "sd_probes": probes}


def columns(found: Interval) -> dict[str, float]:
    """An AUC with its limits, the number of sources, and the lowest and the highest of their AUCs."""
    return {
        "auc": found.value,
        "low": found.low,
        "high": found.high,
        "sources": len(found.by_source),
        "lowest": min(found.by_source),
        "highest": max(found.by_source),
    }


def one_source(suspects: pd.DataFrame, irrelevant: pd.DataFrame) -> Judged:
    """One source's suspects, with a column `weight`, and irrelevant models, for `interval`.

    A unit is a training run, whose variants vary together; a stratum is an attack's architecture.
    """
    strata = (suspects["attack"] + "-" + suspects["arch"]).to_numpy(str)
    units = strata + "-" + suspects["seed"].astype(str).to_numpy(str)
    redraws = _redraws(pd.concat([suspects, irrelevant]))
    return Judged(
        suspects["score"].to_numpy(),
        irrelevant["score"].to_numpy(),
        units,
        strata,
        irrelevant["arch"].to_numpy(str),
        suspects["weight"].to_numpy(),
        redraws[:, : len(suspects)],
        redraws[:, len(suspects) :],
    )


def _redraws(suspects: pd.DataFrame) -> np.ndarray:
    """The suspects' ranks (R, S) in each redraw; none unless every suspect has them."""
    if RANKS not in suspects or suspects[RANKS].isna().any():
        return np.zeros((0, len(suspects)))
    return np.stack(suspects[RANKS].tolist(), axis=1)


def _by_source(suspects: pd.DataFrame) -> list[pd.DataFrame]:
    """The suspects of each source, in one order; of the one source, where there is no such column."""
    if SOURCE not in suspects:
        return [suspects] if len(suspects) else []
    return [own.sort_values("suspect", kind="stable") for _, own in suspects.groupby(SOURCE)]
