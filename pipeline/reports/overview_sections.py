"""The sections of the page over all tasks."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from pipeline.reports import confirmed as confirming
from pipeline.reports import figures
from pipeline.reports.leaderboard import comparable, means, outcome, standings, told
from pipeline.reports.regimes import regime_grid
from pipeline.reports.section import Document, Picture, Section
from pipeline.reports.tables import AVERAGE
from pipeline.reports.text import DASH, number, rounded, to_digits

TITLE = "Is this suspect model a copy of mine?"
ABOUT = (
    "The owner of a model asks it and a suspect the same inputs, the probes, and compares the answers. SAC compares how "
    "answers to different probes correlate. Here every known way of asking and comparing judges hundreds of copies, made "
    "as thieves make them, and models that are no copies. AUC: the chance that a copy scores higher than another model."
)
STANDINGS = (
    "The average AUC over attacks, its mean over the tasks of an image set and then over image sets; the interval takes each "
    "image set as a draw, since tasks of one set share images and often irrelevant models. Grey dots: the tasks. Diamonds: the "
    "papers' values, on their larger tasks."
)
BOARD = (
    "AUC by fingerprint and task, of the attack that you choose; average is the mean over the attacks that the papers "
    "average. A dash: does not apply. A number leads to its task. Watermarked twins (_ewe), and task.regime with its "
    "namesakes, do not count in the mean."
)
RESULTS = (
    "Core-hours: the seconds of all training runs, on one core each, of the run that is published, where it was made; "
    "costs.csv has them by attack. inside: how many of the published AUCs lie in the 95 % interval of the measured one. "
    "gap: the mean absolute difference to the published AUC; gap_hard: without fine-tuning and the average. distance: the "
    "mean gap in standard errors. could_fail: cells that could have been outside, and how many of them are inside."
)
SOURCES = (
    "The average AUC over attacks of each source, their mean with a 95 % interval that covers the draw of sources, and how "
    "far the sources lie apart. Each source has its own probes and copies; the irrelevant models are the same. The "
    "leaderboard has the mean, under the first one's name."
)
REGIME = (
    "Mean AUC over extraction by labels, by probabilities and with adversarial images. task.regime trains on augmented views, "
    "and thieves ask about every view; each other zoo differs from it in one thing, on the same images. An AUC near 0 is no "
    "chance: copies then seem less like the source than innocent models do."
)
EXCHANGE = (
    "The threshold of SAC-JC as a distance, and the mean F1 of each source's suspects by the threshold of every source "
    "(SAC-JC, Table 7 and Figure 5)."
)


def overview(board: pd.DataFrame, sections: Sequence[Section]) -> Document:
    """The page over all tasks: what won, the leaderboard, then `sections`."""
    said, best = outcome(board), standings(board)
    first = Section(
        "standings",
        "Average AUC by fingerprint, over image sets",
        STANDINGS,
        picture=Picture(
            "standings",
            "Mean over image sets of the average AUC of every fingerprint, with 95 % intervals",
            said,
            partial(figures.draw_standings, best, comparable(board)),
        )
        if len(best)
        else None,
    )
    table = Section("leaderboard", "Leaderboard", BOARD, table=grid(board), coloured=True, links=_links(board), explored=True)
    listed = (first, table, submissions(board), *sections)
    return Document(TITLE, ABOUT, said, [section for section in listed if not section.empty])


def grid(board: pd.DataFrame) -> pd.DataFrame:
    """Fingerprint x task: the average AUC, and its mean over image sets with limits."""
    own = board[board["attack"] == AVERAGE]
    cells = {(row.fingerprint, row.task): number(row.auc) for row in own.itertuples()}
    over = {row.fingerprint: row for row in means(board).itertuples() if row.attack == AVERAGE}
    best = list(standings(board)["fingerprint"])
    others = sorted(set(own["fingerprint"]) - set(best), key=lambda name: (-over[name].auc if name in over else 1, name))
    names = [*best, *others]
    mean, tasks = {name: told(row) for name, row in over.items()}, own["task"].unique()
    rows = [[name, mean.get(name, DASH), *(cells.get((name, task), DASH) for task in tasks)] for name in names]
    return pd.DataFrame(rows, columns=["fingerprint", "mean", *tasks])


def explored(board: pd.DataFrame) -> dict[str, Any]:
    """What the leaderboard's table chooses from (explore.js)."""
    values: dict[str, Any] = {"": {}}
    for row in means(board).itertuples():
        limits = [] if np.isnan(row.low) else [row.low, row.high]
        values[""].setdefault(row.fingerprint, {})[row.attack] = [to_digits(value, 3) for value in (row.auc, *limits)]
    for row in board.dropna(subset="auc").itertuples():
        values.setdefault(row.task, {}).setdefault(row.fingerprint, {})[row.attack] = [to_digits(row.auc, 3)]
    return {
        "attacks": list(dict.fromkeys(board["attack"])),
        "attack": AVERAGE,
        "values": values,
        "links": _links(board),
        "references": board.drop_duplicates("fingerprint").set_index("fingerprint")["references"].to_dict(),
    }


def _links(board: pd.DataFrame) -> dict[str, str]:
    return {task: f"{task}/index.html#auc" for task in board["task"].unique()}


def submissions(board: pd.DataFrame) -> Section:
    """Fingerprints that were submitted, so that a reader knows that nobody here made their scores."""
    own = board[board["submitted"].astype(bool)]
    names = [f"{name}: its scores were submitted, and are not recomputed here." for name in dict.fromkeys(own["fingerprint"])]
    return Section("submitted", "Submitted fingerprints", points=names)


def results(frame: pd.DataFrame) -> Section:
    """What was run."""
    return Section("results", "What was run", RESULTS, table=rounded(frame, 2))


def confirmed(frame: pd.DataFrame, claim: pd.DataFrame, mains: dict[str, pd.DataFrame]) -> Section:
    """What was frozen, on zoos that came later."""
    return Section(
        "confirmed",
        "Confirmed: what was frozen, on zoos that came later",
        confirming.about(claim),
        points=confirming.outcome(claim, mains),
        table=confirming.confirmed_grid(frame),
        coloured=True,
        folded=True,
    )


def regime(frame: pd.DataFrame, known: Sequence[str]) -> Section:
    """What the regime decides. known: how well the zoos know their images, in sentences."""
    return Section("regime", "What the regime decides", REGIME, table=regime_grid(frame), points=known, coloured=True)


def over_sources(frame: pd.DataFrame, group: Sequence[str]) -> Section:
    """Several sources of one kind, and their mean."""
    own = frame[frame["attack"] == AVERAGE].sort_values("auc", ascending=False, kind="stable")
    table = pd.DataFrame(
        {
            "fingerprint": own["fingerprint"],
            "mean": [DASH if np.isnan(row.auc) else told(row) for row in own.itertuples()],
            "spread": [number(row.highest - row.lowest) for row in own.itertuples()],
            **{task: own[task].map(number) for task in group},
        }
    )
    return Section(f"sources_{group[0]}", f"{group[0]}: {len(group)} sources", SOURCES, table=table, coloured=True)


def exchanged(frame: pd.DataFrame, group: Sequence[str]) -> Section:
    """Thresholds of sources, exchanged."""
    name = f"exchange_{group[0]}"
    return Section(
        name,
        f"Thresholds of {', '.join(group)}, exchanged",
        EXCHANGE,
        table=rounded(frame),
        picture=Picture(
            name,
            "Mean F1 of each source (rows) by the threshold of every source (columns)",
            "The same numbers as in the table.",
            partial(figures.draw_exchange, frame),
        ),
        folded=True,
    )
