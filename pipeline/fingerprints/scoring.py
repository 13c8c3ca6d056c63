"""Scores of all suspects by all fingerprints of one method of probes."""

from collections.abc import Collection, Iterator
from functools import partial

import numpy as np
import pandas as pd

from pipeline.fingerprints.comparing import Comparing, Told
from pipeline.fingerprints.references import KINDS, NONE, Round, leave_one_out, rounds, suspects_of
from pipeline.fingerprints.representation import REPRESENTATIONS
from pipeline.outputs.table import SUSPECT, Answers

FINGERPRINT = ["method", "representation", "comparison", "references"]


def score_frame(
    task: str,
    answers: Answers,
    comparisons: dict[str, Comparing],
    counts: tuple[int, ...],
    wanted: Collection[str] | None = None,
) -> pd.DataFrame:
    """One row for each fingerprint, kind of references, number of probes and suspect.

    Columns: task, method (of the probes), representation, comparison, references (a kind, `references.KINDS`;
    empty where the comparison needs none), count, those of SUSPECT, score. The score is
    NaN where a comparison does not apply; it is float32, so that machines that differ in the last bits of float64 write
    the same. `counts` are the smaller numbers of probes to score besides all of them. wanted: the names of the
    suspects to score, if not all: a suspect's scores do not depend on which others are scored with it.
    """
    total, suspects = len(answers.labels), places_of(answers, wanted)
    rows, found = [], []
    for count in sorted({total, *(count for count in counts if count < total)}):
        for representation in REPRESENTATIONS:
            asked = Asked(answers, representation, count)
            for about, scores in compared(asked, comparisons, suspects):
                rows.append(about | {"representation": representation, "count": count})
                found.append(scores[suspects].astype(np.float32))
    row, suspect = np.divmod(np.arange(len(rows) * len(suspects)), len(suspects) or 1)
    fingerprints = pd.DataFrame(rows).iloc[row].reset_index(drop=True)
    models = answers.suspects[SUSPECT].iloc[suspects[suspect]].reset_index(drop=True)
    frame = pd.concat([fingerprints, models], axis=1).assign(task=task, method=answers.method, score=np.concatenate(found))
    return frame[["task", *FINGERPRINT, "count", *SUSPECT, "score"]]


def places_of(answers: Answers, wanted: Collection[str] | None = None) -> np.ndarray:
    """The places of all suspects among the models of the answers, or of those `wanted` by name."""
    suspects = suspects_of(answers.suspects)
    return suspects if wanted is None else suspects[answers.suspects["suspect"].iloc[suspects].isin(wanted)]


class Asked:
    """The answers to the first `count` probes (all, unless given) in one representation, ready to be compared.

    weights (R, P): compare R redraws of these probes, and have an axis of R before every axis of scores.
    """

    def __init__(
        self, answers: Answers, representation: str, count: int | None = None, weights: np.ndarray | None = None
    ) -> None:
        represent = REPRESENTATIONS[representation]
        self.answers, self.representation, self.weights = answers, representation, weights
        self.labels, self.targets = answers.labels[:count], answers.targets[:count]
        self.source = represent(answers.source[:count])
        self.groups = [(places, represent(logits[:, :count]), same) for places, logits, same in answers.groups()]

    def scores(self, comparison: Comparing, chosen: Round) -> np.ndarray:
        """The scores (M,) of a round's suspects among all M models of the answers; NaN where there is none."""
        redraws = () if self.weights is None else (len(self.weights),)
        scores = np.full((*redraws, len(self.answers.suspects)), np.nan)
        references = self.references(comparison, chosen.references)
        if comparison.needs_references and not references:
            return scores
        for places, stack, same in self.groups:
            own = np.isin(places, chosen.suspects)
            if own.any() and (same or not comparison.same_classes):
                stacked = stack if own.all() else stack[own]
                compare = comparison if self.weights is None else partial(comparison.reweighted, self.weights)
                scores[..., places[own]] = compare(Told(self.source, stacked, self.labels, self.targets, references))
        return scores

    def references(self, comparison: Comparing, chosen: np.ndarray) -> list[np.ndarray]:
        """The answers (P, K) of the models at `chosen` places that the comparison can use."""
        return [
            answer
            for places, stack, same in self.groups
            if same or not comparison.same_classes
            for answer in stack[np.isin(places, chosen)]
        ]


def mean_scores(asked: Asked, comparison: Comparing, chosen: list[Round]) -> np.ndarray:
    """The mean scores (M,) over the rounds in which a model is a suspect; NaN where it is in none."""
    table = np.array([asked.scores(comparison, one) for one in chosen])
    times = np.isfinite(table).sum(axis=0)
    means: np.ndarray = np.divide(np.nansum(table, axis=0), times, out=np.full(table.shape[1:], np.nan), where=times > 0)
    return means


def left_out_scores(asked: Asked, comparison: Comparing, whole: Round) -> tuple[np.ndarray, np.ndarray]:
    """What p-values compare: each reference's score by the others (n,), and by the same others those of suspects (S, n)."""
    turns = [(one.suspects[-1], asked.scores(comparison, one)) for one in leave_one_out(whole)]
    return (np.array([scores[place] for place, scores in turns]), np.array([scores[whole.suspects] for _, scores in turns]).T)


def compared(
    asked: Asked, comparisons: dict[str, Comparing], suspects: np.ndarray
) -> Iterator[tuple[dict[str, str], np.ndarray]]:
    """Whose comparison it is (columns comparison and references), and the scores (M,) of the models at places `suspects`, NaN
    of all others."""
    models = asked.answers.suspects
    everyone = Round(np.zeros(0, int), suspects)
    for name, comparison in comparisons.items():
        if asked.representation not in comparison.scored_on(asked.answers.method):
            continue
        kinds = {kind: rounds(kind, models) for kind in KINDS} if comparison.needs_references else {NONE: [everyone]}
        for kind, chosen in kinds.items():
            if chosen:
                own = [Round(one.references, np.intersect1d(one.suspects, suspects)) for one in chosen]
                yield {"comparison": name, "references": kind}, mean_scores(asked, comparison, own)
