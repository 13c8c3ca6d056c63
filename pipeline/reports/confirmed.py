"""The frozen partial correlations (docs/protocol/partial.md) on zoos that nobody had scored when they were frozen."""

from pathlib import Path

import pandas as pd

from pipeline.reports.published import HARD, agreement
from pipeline.reports.tables import AVERAGE, AVERAGED
from pipeline.reports.text import auc_grid, listed, number, signed

CONFIRMING = (
    "fashion_mini",
    "fashion_mini_ewe",
    "fashion_mnist_views",
    "cifar10_views",
    "cifar10_resnet",
    "cifar100",
    "tiny_imagenet",
    "regime_long",
    "fashion_mnist_long",
    "fashion_mnist_long_2",
    "fashion_mnist_long_3",
    "emotion_views",
    "emotion_views_resnet",
    "emotion_views_mobilenet",
    "emotion_views_densenet",
)
"""The tasks whose zoos were trained after the fingerprints were frozen."""
SHOWN = [
    "SAC-w",
    "SAC-m",
    "SAC-JC",
    "AKH",
    "Logit cosine",
    "Procrustes",
    "WP-JC",
    "Partial, innocents",
    "Partial, owner",
    "Partial, owner other",
    "Pointwise partial, innocents",
    "Pointwise partial, owner",
    "Pointwise partial, owner other",
]
"""SAC as published, rivals without references, and what was frozen, by every kind of references."""
PROBES = ["clean", "jpeg", "cutmix", "source_wrong", "wrong"]
FROZEN = ["partial", "partial_pointwise"]
SAC = ("cosine_l1", "")
"""What the frozen ones are compared with on the same probes, by its comparison and references."""
RIVAL = "pointwise_cosine"
"""The simplest comparison of answers, which stands beside them."""


def confirmed(mains: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The rows of the main tables of CONFIRMING about SHOWN and the papers' attacks. mains: main tables by task."""
    frames = []
    for task in CONFIRMING:
        if task in mains:
            main = mains[task]
            own = main[main["fingerprint"].isin(SHOWN) & main["attack"].isin([*AVERAGED, AVERAGE]) & main["auc"].notna()]
            frames.append(own.assign(task=task)[["task", "fingerprint", "attack", "auc", "low", "high", "published"]])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def confirmed_grid(frame: pd.DataFrame) -> pd.DataFrame:
    """The table `confirmed` for people: task and fingerprint by attack, with intervals and the papers' values."""
    grids = []
    for task, own in frame.groupby("task", sort=False):
        grid = auc_grid(own)
        grid.insert(1, "task", task)
        grids.append(grid)
    return pd.concat(grids, ignore_index=True)


def claim(reports: Path) -> pd.DataFrame:
    """Average AUC over logits (a row for each task, comparison and kind of references, a column for each of PROBES), SAC's
    first in every task, and the number and the least of the leads over it: `ahead` of len(PROBES), `least`."""
    frames = []
    for task in CONFIRMING:
        file = reports / task / "tables/all_aucs.csv"
        if not file.exists():
            continue
        aucs = pd.read_csv(file).fillna({"references": ""})
        whole = aucs[aucs["count"] == aucs.groupby("method")["count"].transform("max")]
        own = whole[(whole["attack"] == AVERAGE) & (whole["representation"] == "logits")]
        wide = own.pivot(index=["comparison", "references"], columns="method", values="auc")[PROBES]
        leads = wide - wide.loc[SAC]
        kept = wide.assign(ahead=(leads > 0).sum(axis=1), least=leads.min(axis=1)).loc[[SAC[0], RIVAL, *FROZEN]]
        frames.append(kept.reset_index().assign(task=task))
    if not frames:
        return pd.DataFrame()
    frame = pd.concat(frames, ignore_index=True)
    return frame[["task", "comparison", "references", *PROBES, "ahead", "least"]]


def outcome(found: pd.DataFrame, mains: dict[str, pd.DataFrame]) -> list[str]:
    """What of the frozen claim holds, and how near SAC comes to the papers, in sentences. found: of `claim`."""
    said = []
    frozen = [(comparison, references) for comparison in FROZEN for references in ("owner", "owner_other", "innocents")]
    for comparison, references in [*frozen, (RIVAL, "")]:
        own = _rows(found, comparison, references)
        if len(own):
            aucs = own[PROBES]
            sac, rival = (_rows(found, name).loc[own.index, PROBES] for name in (SAC[0], RIVAL))
            beaten = f", and of {RIVAL} in {(aucs > rival).to_numpy().sum()}" if references else ""
            said.append(
                f"{comparison}, {f'references {references}' if references else 'which needs no references'}: ahead of SAC in "
                f"{own['ahead'].sum()} of {aucs.size} cells of task and probes{beaten}, of SAC by "
                f"{signed(own['least'].min(), 3)} at least; mean average AUC {number(aucs.to_numpy().mean(), 3)}, SAC "
                f"{number(sac.to_numpy().mean(), 3)}."
            )
    for task in CONFIRMING:
        near = agreement(mains[task]) if task in mains else pd.DataFrame()
        if len(near):
            every, hard = near.iloc[0], near[near["over"] == HARD]
            gap = f", {number(hard.iloc[0]['gap'])} {HARD}" if len(hard) else ""
            said.append(
                f"{task}: {int(every['inside'])} of {int(every['cells'])} published AUCs lie in our intervals; mean gap "
                f"{number(every['gap'])}{gap}."
            )
    return said


def _rows(found: pd.DataFrame, comparison: str, references: str = "") -> pd.DataFrame:
    """The rows of a comparison by one kind of references, by task."""
    return found[(found["comparison"] == comparison) & (found["references"] == references)].set_index("task")


def about(found: pd.DataFrame) -> str:
    """What the section shows."""
    return (
        "Partial correlations were frozen on 2026-11-24 (docs/protocol/partial.md). The zoos of "
        f"{listed(found['task'].unique())} were trained afterwards, and scored for the first time here. Average AUC over the "
        "papers' attacks, with intervals over suspects and probes, given each zoo's one source. Claimed was: with the owner's "
        "references both partial correlations are ahead of SAC on the same probes. Cells are not independent: all probes ask "
        "the same suspects, and tasks on the same images often share their irrelevant models."
    )
