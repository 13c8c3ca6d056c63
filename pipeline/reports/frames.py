"""Every table of a task's report as a frame, by its file's name."""

from typing import Any

import pandas as pd

from pipeline.data.corrupt import CORRUPTIONS
from pipeline.fingerprints.naming import Fingerprint
from pipeline.reports import judging, tables
from pipeline.reports.material import FRI_CLEAN, Material
from pipeline.reports.published import accuracy_beside, agreement, beside
from pipeline.reports.tables import AVERAGE

COMPARED = ["clean", "jpeg", "cutmix", "cutmix_corner", "wrong", "source_wrong", "wrong_jpeg", "fri", "fri_clean"]
NOTHING = pd.DataFrame()
Frames = dict[str, pd.DataFrame]


def make_tables(what: Material) -> Frames:
    """Every table of the report by its file's name; of augmentations and of FRI's gallery where the task has such probes."""
    aucs = tables.all_aucs(what.scores, what.attacks)
    own = tables.select(what.scores, what.chosen)
    main = judging.main_table(what.scores, what.attacks, what.fingerprints, what.statistics)
    twin = _twin(what.watermarked, main)
    main = pd.concat([main, twin.reindex(columns=main.columns)], ignore_index=True) if len(twin) else main
    main = beside(main, what.published)
    others = {
        "corruptions": _corruptions(what),
        "agreement": agreement(main),
        "reference_curve": what.references.get("curve", NOTHING),
        "accusations": what.references.get("accusations", NOTHING),
        "gallery": _gallery(aucs, what.chosen, what.facts),
    }
    return {
        "main": main,
        "chosen": judging.evaluate(own, what.attacks, what.statistics),
        "accuracy": accuracy_beside(tables.accuracies(what.attacks), what.published),
        "probes": tables.probe_facts(what.facts),
        "success": tables.success(what.scores, what.attacks),
        "scores": tables.suspect_scores(what.scores, what.attacks, what.fingerprints),
        "correlation": _correlation(aucs),
        "counts": _of(aucs, what.compressed[1]),
        "architectures": tables.by_architecture(own, what.attacks),
        "pruning": tables.by_pruning_ratio(own, what.attacks, what.scores),
        "all_aucs": aucs,
        **{name: frame for name, frame in others.items() if len(frame)},
    }


def _twin(watermarked: pd.DataFrame, main: pd.DataFrame) -> pd.DataFrame:
    """EWE's rows, unless the task has its own or the twin's zoo has another size: then they belong to another run."""
    sizes = main.groupby("attack")["stolen"].max()
    fits = [
        sizes.get(attack) == stolen or not stolen
        for attack, stolen in zip(watermarked["attack"], watermarked["stolen"], strict=True)
    ]
    return watermarked[~watermarked["fingerprint"].isin(main["fingerprint"])] if all(fits) else watermarked[:0]


def _correlation(aucs: pd.DataFrame) -> pd.DataFrame:
    """Attack by attack, how the ways to compare answers differ over the same probes (SAC-JC, Table 11)."""
    whole = aucs[aucs["count"] == aucs.groupby("method")["count"].transform("max")]
    wide = whole.pivot(index=["method", "comparison", "representation", "references"], columns="attack", values="auc")
    order = list(dict.fromkeys(whole["attack"]))
    return wide.loc[[method for method in dict.fromkeys(whole["method"]) if method in COMPARED], order].reset_index()


def _corruptions(what: Material) -> pd.DataFrame:
    """Average AUC with its limits of every augmentation over as many probes as each has (SAC-JC, Figure 2)."""
    wanted = ("clean", "cutmix", "cutmix_corner", *CORRUPTIONS)
    scores = what.scores[(what.scores["comparison"] == what.chosen.comparison) & what.scores["method"].isin(wanted)]
    common = set.intersection(*(set(counts) for _, counts in scores.groupby("method")["count"])) if len(scores) else set()
    own = scores[scores["count"] == max(common, default=0)]
    keys = ["method", "representation", "comparison", "count"]
    rows = [
        dict(zip(keys, key, strict=True)) | judging.average_limits(one, what.attacks)
        for key, one in own.groupby(keys, sort=False, observed=True)
    ]
    return pd.DataFrame(rows, columns=[*keys, "auc", "low", "high"])


def _of(aucs: pd.DataFrame, fingerprint: Fingerprint) -> pd.DataFrame:
    """The AUCs of one fingerprint by the number of probes."""
    return aucs[
        (aucs["method"] == fingerprint.method)
        & (aucs["representation"] == fingerprint.representation)
        & (aucs["comparison"] == fingerprint.comparison)
        & (aucs["references"] == fingerprint.references)
    ]


def _gallery(aucs: pd.DataFrame, chosen: Fingerprint, facts: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """AUC of FRI by n, the pictures beside a target, and by the number of targets (`count`); no rows for other tasks."""
    known = {method: own["facts"] for method, own in facts.items() if "pictures" in own["facts"]}
    own = aucs[
        aucs["method"].isin(known)
        & (aucs["method"] != FRI_CLEAN)
        & (aucs["representation"] == chosen.representation)
        & (aucs["comparison"] == chosen.comparison)
    ]
    numbers = {name: [known[method][name] for method in own["method"]] for name in ("pictures", "people")}
    return own.assign(**numbers).sort_values(["pictures", "count"], kind="stable")


def averages(main: pd.DataFrame) -> pd.DataFrame:
    """The rows of a main table that hold the papers' average, the best fingerprint first."""
    own = main[main["attack"] == AVERAGE].dropna(subset="auc")
    return own.sort_values("auc", ascending=False, kind="stable")
