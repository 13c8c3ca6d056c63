"""What the regime decides: zoos on the same images that differ from `task.regime` in one thing at a time."""

import pandas as pd

from pipeline.reports.tables import POOLED
from pipeline.reports.text import number

REGIME = "regime"
CHANGED = {
    "regime": "augmented, asked on views",
    "regime_short": "fewer epochs",
    "regime_long": "more epochs",
    "regime_plain": "no augmentation",
    "regime_decay": "less weight decay",
    "regime_once": "asked once an image",
}
"""What each of these tasks does differently."""
EXTRACTIONS = ["extract_label", "extract_adv", "extract_prob"]
"""The attacks that learn from answers alone, which the regime decides about."""


def is_regime(task: str) -> bool:
    """Whether a task serves this comparison, and so is no task of its own in means over tasks."""
    return task in CHANGED


def regimes(mains: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """AUC of every fingerprint and attack by the tasks of CHANGED; empty without `regime` itself and another of them.

    mains: main tables by task. Columns: task, changed, fingerprint, attack, auc, low, high.
    """
    own = [task for task in CHANGED if task in mains]
    if REGIME not in own or len(own) < 2:
        return pd.DataFrame()
    frames = [mains[task].assign(task=task, changed=CHANGED[task]) for task in own]
    frame = pd.concat(frames, ignore_index=True)
    kept = frame[(frame["attack"] != POOLED) & frame["auc"].notna()]
    return kept[["task", "changed", "fingerprint", "attack", "auc", "low", "high"]].reset_index(drop=True)


def accuracies(tables: dict[str, pd.DataFrame]) -> list[str]:
    """How well each zoo of CHANGED knows its own images and others, in sentences. tables: accuracies by task."""
    said = []
    for task in CHANGED:
        if task in tables:
            own = tables[task].groupby("attack")[["train_accuracy", "test_accuracy"]].mean()
            source, other = (own.loc[name].map("{:.3f}".format) for name in ("source", "irrelevant"))
            said.append(
                f"{CHANGED[task]}: right on their own images, the source {source['train_accuracy']}, irrelevant models "
                f"{other['train_accuracy']}; on held-out ones {source['test_accuracy']} and {other['test_accuracy']}."
            )
    return said


def regime_grid(frame: pd.DataFrame) -> pd.DataFrame:
    """The table `regime` for people: fingerprint by what was changed, the mean AUC over EXTRACTIONS."""
    own = frame[frame["attack"].isin(EXTRACTIONS)]
    wide = own.pivot_table(index="fingerprint", columns="changed", values="auc", sort=False)
    wide = wide[[name for name in CHANGED.values() if name in wide]].dropna()
    return wide.map(number).rename_axis(columns=None).reset_index()
