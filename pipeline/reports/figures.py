"""The figures of a task. The same numbers give the same bytes: fixed metadata, fixed ids, no dates."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from pipeline.files import replacing
from pipeline.probes.probe_set import EXAMPLES_EACH, ProbeSet
from pipeline.reports.tables import AVERAGE, POOLED, Attack

matplotlib.use("svg")
from matplotlib import pyplot as plt

plt.rcParams.update({"svg.hashsalt": "sac", "svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif",
                     "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial"], "axes.spines.top": False,
                     "axes.spines.right": False, "figure.constrained_layout.use": True})

STOLEN, IRRELEVANT, LINE = "#b5302a", "#2a6fb5", "#444444"


def save(figure, path: Path) -> None:
    """Write `figure` as SVG and forget it."""
    with replacing(path) as scratch:
        figure.savefig(scratch, format="svg", metadata={"Date": None})
    plt.close(figure)


def draw_scores(scores: pd.DataFrame, table: pd.DataFrame, attacks: list[Attack], label: str):
    """The score of every suspect by family, with the mean threshold that judges it (higher: more likely a copy)."""
    families = [attack for attack in attacks if attack.models and attack.name in set(scores["attack"])]
    figure, axes = plt.subplots(figsize=(7.5, 0.34 * len(families) + 1))
    draws = np.random.default_rng(0)
    thresholds = table.set_index("attack")["threshold"]
    for place, attack in enumerate(families):
        own = scores[scores["attack"] == attack.name]["score"].to_numpy()
        axes.scatter(own, place + draws.uniform(-0.18, 0.18, len(own)), s=16, alpha=0.75, linewidths=0,
                     color=STOLEN if attack.stolen else IRRELEVANT)
        if attack.stolen and np.isfinite(thresholds.get(attack.name, np.nan)):
            axes.vlines(thresholds[attack.name], place - 0.4, place + 0.4, color=LINE, linestyles="dashed", linewidth=1)
    axes.set_yticks(range(len(families)), [attack.name for attack in families])
    axes.invert_yaxis()
    axes.set_xlabel(f"score by {label}: higher is likelier a copy")
    axes.set_title("stolen (red), irrelevant (blue), threshold (dashed)", fontsize=9, loc="left")
    return figure


def draw_counts(aucs: pd.DataFrame, column: str, meaning: str, label: str):
    """AUC against a number, which stands in `column`: of probes (SAC-JC, Figure 4) or references; a curve for each attack."""
    figure, axes = plt.subplots(figsize=(6, 3.6))
    names = [name for name in dict.fromkeys(aucs["attack"]) if name != AVERAGE]
    colours = plt.get_cmap("tab10").colors
    for place, name in enumerate(names):
        own = aucs[aucs["attack"] == name].dropna(subset="auc").sort_values(column)
        axes.plot(own[column], own["auc"], marker="o", markersize=3.5, linewidth=1.3, label=name,
                  color=colours[place % len(colours)])
    axes.axhline(0.5, color=LINE, linewidth=0.7, linestyle="dotted")
    axes.set(xlabel=meaning, ylabel="AUC", ylim=(-0.03, 1.03), title=label)
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_corruptions(aucs: pd.DataFrame, comparison: str):
    """Average AUC by augmentation, for both representations (SAC-JC, Figure 2)."""
    table = aucs.pivot(index="method", columns="representation", values="auc")
    order = table.max(axis=1).sort_values(kind="stable").index
    table = table.loc[order]
    figure, axes = plt.subplots(figsize=(6.5, 0.28 * len(table) + 1))
    for representation, marker, colour in (("logits", "o", LINE), ("softmax", "D", STOLEN)):
        if representation in table:
            axes.scatter(table[representation], range(len(table)), s=26, marker=marker, color=colour, label=representation)
    axes.set_yticks(range(len(table)), order)
    axes.grid(axis="x", linewidth=0.4)
    axes.set(xlabel=f"average AUC over attacks, {comparison}")
    axes.legend(fontsize=8, frameon=False, loc="lower left")
    return figure


def draw_probes(sets: list[ProbeSet], kinds: list[str]):
    """The first probes of each kind, a row each (SAC-JC, Figure 3)."""
    shown = [probes for probes in sets if probes.kind in kinds]
    figure, grid = plt.subplots(len(shown), EXAMPLES_EACH, figsize=(EXAMPLES_EACH * 0.62, len(shown) * 0.66), squeeze=False)
    for row, probes in zip(grid, shown, strict=True):
        for place, axes in enumerate(row):
            axes.set_axis_off()
            if place < len(probes):
                pixels = probes.images[place].transpose(1, 2, 0)
                axes.imshow(pixels[..., 0] if pixels.shape[-1] == 1 else pixels, cmap="gray", vmin=0, vmax=255,
                            interpolation="nearest")
        row[0].set_axis_on()
        row[0].set(xticks=[], yticks=[])
        row[0].set_ylabel(probes.kind, rotation=0, ha="right", va="center")
        for spine in row[0].spines.values():
            spine.set_visible(False)
    return figure


def draw_exchange(table: pd.DataFrame):
    """Mean F1 of each source (rows) by the thresholds of all (columns) (SAC-JC, Figure 5)."""
    names = list(table["source"])
    values = table[names].to_numpy(float)
    figure, axes = plt.subplots(figsize=(1.1 * len(names) + 1.6, 0.5 * len(names) + 1.2))
    axes.imshow(values, cmap="RdYlGn", vmin=0, vmax=1, aspect="auto", alpha=0.75)
    for row, own in enumerate(values):
        for column, value in enumerate(own):
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8)
    axes.set_xticks(range(len(names)), names, rotation=20, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="threshold of", ylabel="source")
    axes.tick_params(length=0)
    return figure


def draw_table(table: pd.DataFrame, order: list[str]):
    """AUC of every attack by every named fingerprint, as a coloured grid; a dash where one does not apply."""
    wide = table[table["attack"] != POOLED].pivot(index="attack", columns="fingerprint", values="auc")
    rows = [name for name in dict.fromkeys(table["attack"]) if name in wide.index]
    wide = wide.loc[rows, order]
    figure, axes = plt.subplots(figsize=(0.72 * len(order) + 1.7, 0.3 * len(rows) + 1.1))
    axes.imshow(wide.to_numpy(float), cmap="RdYlGn", vmin=0, vmax=1, aspect="auto", alpha=0.75)
    for row, name in enumerate(wide.index):
        for column, value in enumerate(wide.loc[name]):
            axes.text(column, row, "–" if np.isnan(value) else f"{value:.2f}", ha="center", va="center", fontsize=8)
    axes.set_xticks(range(len(order)), order, rotation=35, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure
