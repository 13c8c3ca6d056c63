"""The figures of a task. The same numbers give the same bytes: fixed metadata, fixed ids, no dates."""

import io
import re
from collections.abc import Iterable, Sequence
from html import escape, unescape
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from pipeline.core.files import write_text
from pipeline.probes.probe_set import EXAMPLES_EACH, ProbeSet
from pipeline.reports.frames import averages
from pipeline.reports.published import compared_cells
from pipeline.reports.section import Picture
from pipeline.reports.tables import AVERAGE, POOLED, Attack
from pipeline.reports.text import number

matplotlib.use("svg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

plt.rcParams.update(
    {
        "svg.hashsalt": "sac",
        "svg.fonttype": "none",
        "text.parse_math": False,
        "font.size": 9,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial"],
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.constrained_layout.use": True,
    }
)

STOLEN, IRRELEVANT, LINE = "#b5302a", "#2a6fb5", "#444444"
COLOURS = [matplotlib.colormaps["tab10"](place) for place in range(10)]


def save(picture: Picture, path: Path) -> None:
    """Draw a picture and write it as SVG that says what it shows; its ids begin with its name, so that pages may hold many."""
    figure, file = picture.draw(), io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)
    write_text(path, described(file.getvalue(), picture))


def described(svg: str, picture: Picture) -> str:
    """An SVG with a role, a title, a description, ids of its own, and a name for every link that has one."""
    name = picture.name
    svg = _numbered(svg)
    svg = re.sub(r'(\bid="|xlink:href="#(?!suspect-)|url\(#)', rf"\g<1>{name}-", svg)
    head = (
        f'<svg role="{"group" if picture.labels else "img"}" aria-labelledby="{name}-title {name}-desc"',
        f'>\n <title id="{name}-title">{escape(picture.title)}</title>\n <desc id="{name}-desc">'
        f"{escape(picture.description)}</desc>",
    )
    start = svg.index("<svg")
    end = svg.index(">", start)
    svg = svg[:start] + head[0] + svg[start + len("<svg") : end] + head[1] + svg[end + 1 :]
    return re.sub(r'<a xlink:href="([^"]*)"[^>]*>', lambda link: _named(link, picture.labels), svg)


def _numbered(svg: str) -> str:
    """Clip paths by their place: matplotlib calls them by a hash of coordinates, whose last bits differ between machines."""
    names = dict.fromkeys(re.findall(r'<clipPath id="(\w+)"', svg))
    places = {name: f"clip{place}" for place, name in enumerate(names)}
    return re.sub(r'(<clipPath id="|url\(#)(\w+)', lambda at: at[1] + places.get(at[2], at[2]), svg)


def _named(link: re.Match[str], labels: dict[str, str]) -> str:
    label = labels.get(unescape(link[1]))
    if label is None:
        return link[0]
    return f'<a xlink:href="{link[1]}" aria-label="{escape(label)}"><title>{escape(label)}</title>'


def draw_scores(scores: pd.DataFrame, table: pd.DataFrame, attacks: list[Attack], label: str) -> Figure:
    """The score of every suspect by family, with the mean threshold that judges it (higher: more likely a copy)."""
    families = [attack for attack in attacks if attack.models and attack.name in set(scores["attack"])]
    figure, axes = plt.subplots(figsize=(7.5, 0.34 * len(families) + 1))
    draws = np.random.default_rng(0)
    thresholds = table.set_index("attack")["threshold"]
    for place, attack in enumerate(families):
        own = scores[scores["attack"] == attack.name]
        dots = axes.scatter(
            own["score"],
            place + draws.uniform(-0.18, 0.18, len(own)),
            s=16,
            alpha=0.75,
            linewidths=0,
            color=STOLEN if attack.stolen else IRRELEVANT,
        )
        dots.set_urls([f"#suspect-{suspect}" for suspect in own["suspect"]])
        if attack.stolen and np.isfinite(thresholds.get(attack.name, np.nan)):
            axes.vlines(thresholds[attack.name], place - 0.4, place + 0.4, color=LINE, linestyles="dashed", linewidth=1)
    axes.set_yticks(range(len(families)), [attack.name for attack in families])
    axes.invert_yaxis()
    axes.set_xlabel(f"score by {label}: higher is likelier a copy")
    axes.set_title("stolen (red), irrelevant (blue), threshold (dashed)", fontsize=9, loc="left")
    return figure


def draw_counts(aucs: pd.DataFrame, column: str, meaning: str, label: str) -> Figure:
    """AUC against the number in `column`, a curve for each attack: of probes (SAC-JC, Figure 4) or of pictures beside one."""
    figure, axes = plt.subplots(figsize=(6, 3.6))
    names = [name for name in dict.fromkeys(aucs["attack"]) if name != AVERAGE]
    for place, name in enumerate(names):
        own = aucs[aucs["attack"] == name].dropna(subset="auc").sort_values(column)
        axes.plot(
            own[column], own["auc"], marker="o", markersize=3.5, linewidth=1.3, label=name, color=COLOURS[place % len(COLOURS)]
        )
    axes.axhline(0.5, color=LINE, linewidth=0.7, linestyle="dotted")
    axes.set(xlabel=meaning, ylabel="AUC", ylim=(-0.03, 1.03), title=label)
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_references(curve: pd.DataFrame) -> Figure:
    """Average AUC by the number of references, a curve with a band for each method, comparison and kind."""
    figure, axes = plt.subplots(figsize=(6, 3.8))
    colours = [matplotlib.colormaps["tab20"](place) for place in range(20)]
    for place, (key, own) in enumerate(curve.groupby(["method", "comparison", "references"], sort=False)):
        own, colour = own.sort_values("number"), colours[place % len(colours)]
        axes.plot(own["number"], own["auc"], marker="o", markersize=3.5, linewidth=1.2, color=colour, label=", ".join(key))
        axes.fill_between(own["number"], own["low"], own["high"], color=colour, alpha=0.12, linewidth=0)
    axes.set(xlabel="number of reference models", ylabel="average AUC", ylim=(-0.03, 1.03))
    axes.legend(fontsize=6.5, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_corruptions(aucs: pd.DataFrame, comparison: str) -> Figure:
    """Average AUC with its limits by augmentation, for both representations (SAC-JC, Figure 2)."""
    order = aucs.groupby("method")["auc"].max().sort_values(kind="stable").index
    places = {name: place for place, name in enumerate(order)}
    figure, axes = plt.subplots(figsize=(6.5, 0.3 * len(order) + 1))
    for representation, marker, colour, shift in (("logits", "o", LINE, -0.14), ("softmax", "D", STOLEN, 0.14)):
        own = aucs[aucs["representation"] == representation].dropna(subset="auc")
        if len(own):
            _limits(axes, own, [places[name] + shift for name in own["method"]], colour, marker, representation)
    axes.set_yticks(range(len(order)), order)
    axes.grid(axis="x", linewidth=0.4)
    axes.set(xlabel=f"average AUC over attacks, {comparison}, with 95 % intervals")
    axes.legend(fontsize=8, frameon=False, loc="lower left")
    return figure


def draw_averages(main: pd.DataFrame) -> Figure:
    """The papers' average of every fingerprint with its limits, the best on top, and the papers' value."""
    own = averages(main).iloc[::-1]
    figure, axes = plt.subplots(figsize=(6.5, 0.27 * len(own) + 1))
    _limits(axes, own, range(len(own)), IRRELEVANT, "o", "measured, 95 % interval")
    printed = [(float(value), place) for place, value in enumerate(own["published"]) if isinstance(value, str) and value]
    if printed:
        values, places = np.transpose(printed)
        axes.scatter(values, places, marker="D", s=24, color=STOLEN, label="published", zorder=3)
    _by_name(axes, list(own["fingerprint"]))
    return figure


def draw_standings(rows: pd.DataFrame, board: pd.DataFrame) -> Figure:
    """Mean AUCs over image sets with limits, the best on top, over the dots of single tasks, and the papers' mean."""
    own = rows.iloc[::-1]
    figure, axes = plt.subplots(figsize=(6.5, 0.27 * len(own) + 1))
    averaged = board[board["attack"] == AVERAGE]
    for place, name in enumerate(own["fingerprint"]):
        dots = averaged[averaged["fingerprint"] == name]["auc"]
        axes.scatter(dots, [place] * len(dots), s=9, color="#999999", linewidths=0, zorder=1)
    _limits(axes, own, range(len(own)), IRRELEVANT, "o", "mean over image sets, 95 % interval")
    printed = own["published"].to_numpy(float)
    axes.scatter(printed, range(len(own)), marker="D", s=24, color=STOLEN, label="published", zorder=3)
    _by_name(axes, list(own["fingerprint"]))
    return figure


def _by_name(axes: Axes, names: list[str]) -> None:
    """What pictures of average AUCs by fingerprint have in common."""
    axes.set_yticks(range(len(names)), names)
    axes.axvline(0.5, color=LINE, linewidth=0.7, linestyle="dotted")
    axes.grid(axis="x", linewidth=0.4)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.7, len(names) - 0.3), xlabel="average AUC over attacks (1: perfect, 0.5: chance)")
    axes.legend(fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)


def _limits(axes: Axes, rows: pd.DataFrame, places: Iterable[float], colour: str, marker: str, label: str) -> None:
    """Values with their limits, across."""
    arms = np.clip([rows["auc"] - rows["low"], rows["high"] - rows["auc"]], 0, None)
    axes.errorbar(rows["auc"], list(places), xerr=arms, fmt=marker, markersize=4.5, linewidth=1, color=colour, label=label)


def draw_published(main: pd.DataFrame) -> Figure:
    """Measured AUCs with their limits against published ones; the diagonal is agreement."""
    cells = compared_cells(main)
    figure, axes = plt.subplots(figsize=(5.2, 4.6))
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=0.8)
    names = list(dict.fromkeys(cells["fingerprint"]))
    for place, name in enumerate(names):
        own = cells[cells["fingerprint"] == name]
        shift = 0.006 * (place - (len(names) - 1) / 2)
        arms = np.clip([own["auc"] - own["low"], own["high"] - own["auc"]], 0, None)
        axes.errorbar(
            own["published"].astype(float) + shift,
            own["auc"],
            yerr=arms,
            fmt="o",
            markersize=4,
            linewidth=0.8,
            color=COLOURS[place % len(COLOURS)],
            label=name,
        )
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel="published AUC", ylabel="measured AUC, 95 % interval")
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_probes(sets: Sequence[ProbeSet], methods: list[str]) -> Figure:
    """The first probes of each method, a row each (SAC-JC, Figure 3)."""
    shown = [probes for probes in sets if probes.method in methods]
    figure, grid = plt.subplots(len(shown), EXAMPLES_EACH, figsize=(EXAMPLES_EACH * 0.62, len(shown) * 0.66), squeeze=False)
    for row, probes in zip(grid, shown, strict=True):
        for place, axes in enumerate(row):
            axes.set_axis_off()
            if place < len(probes):
                pixels = probes.images[place].transpose(1, 2, 0)
                axes.imshow(
                    pixels[..., 0] if pixels.shape[-1] == 1 else pixels, cmap="gray", vmin=0, vmax=255, interpolation="none"
                )
        row[0].set_axis_on()
        row[0].set(xticks=[], yticks=[])
        row[0].set_ylabel(probes.method, rotation=0, ha="right", va="center")
        for spine in row[0].spines.values():
            spine.set_visible(False)
    return figure


def draw_exchange(table: pd.DataFrame) -> Figure:
    """Mean F1 of each source (rows) by the thresholds of all (columns) (SAC-JC, Figure 5)."""
    names = list(table["source"])
    values = table[names].to_numpy(float)
    figure, axes = plt.subplots(figsize=(1.1 * len(names) + 1.6, 0.5 * len(names) + 1.2))
    _cells(axes, values)
    axes.set_xticks(range(len(names)), names, rotation=20, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="threshold of", ylabel="source")
    axes.tick_params(length=0)
    return figure


def _cells(axes: Axes, values: np.ndarray) -> None:
    """A grid of cells with their values. Colours are those of hundredths, which no machine's last bits change."""
    axes.imshow(values.round(6).round(2), cmap="RdYlGn", vmin=0, vmax=1, aspect="auto", alpha=0.75, interpolation="none")
    for (row, column), value in np.ndenumerate(values):
        axes.text(column, row, number(value), ha="center", va="center", fontsize=8)


def draw_table(table: pd.DataFrame) -> Figure:
    """AUC of every named fingerprint by every attack, as a coloured grid; a dash where one does not apply."""
    wide = table[table["attack"] != POOLED].pivot(index="fingerprint", columns="attack", values="auc")
    order = [name for name in dict.fromkeys(table["attack"]) if name in wide]
    wide = wide.loc[list(dict.fromkeys(table["fingerprint"])), order]
    figure, axes = plt.subplots(figsize=(0.62 * len(order) + 2.2, 0.27 * len(wide) + 1.1))
    _cells(axes, wide.to_numpy(float))
    axes.set_xticks(range(len(order)), order, rotation=35, ha="right")
    axes.set_yticks(range(len(wide)), wide.index)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure
