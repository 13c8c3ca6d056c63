"""Scores of all suspects by all fingerprints of one method of probes."""

from collections.abc import Collection, Iterator, Sequence

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

    weights (R, P): compare R redraws of these probes, and have an axis of R before that of models.
    """

    def __init__(
        self, answers: Answers, representation: str, count: int | None = None, weights: np.ndarray | None = None
    ) -> None:
        represent = REPRESENTATIONS[representation]
        self.answers, self.representation, self.weights = answers, representation, weights
        self.labels, self.targets = answers.labels[:count], answers.targets[:count]
        self.source = represent(answers.source[:count])
        self.groups = [(places, represent(logits[:, :count]), same) for places, logits, same in answers.groups()]

    def scores(self, comparison: Comparing, chosen: Sequence[Round]) -> np.ndarray:
        """The scores of each round's suspects among all M models of the answers: (rounds, M), or (rounds, R, M) on redraws; NaN
        where there is none."""
        redraws = () if self.weights is None else (len(self.weights),)
        scores = np.full((len(chosen), *redraws, len(self.answers.suspects)), np.nan)
        if not chosen:
            return scores
        known = self.references(comparison, np.unique(np.concatenate([one.references for one in chosen])))
        given = [np.flatnonzero(np.isin(list(known), one.references)) for one in chosen]
        scored = [turn for turn in range(len(chosen)) if len(given[turn]) or not comparison.needs_references]
        everyone = np.concatenate([np.zeros(0, int), *(chosen[turn].suspects for turn in scored)])
        for places, stack, same in self.groups:
            own = np.isin(places, everyone)
            if own.any() and (same or not comparison.same_classes):
                told = Told(self.source, stack[own], self.labels, self.targets, list(known.values()))
                found = self._compared(comparison, told, [given[turn] for turn in scored])
                for turn, row in zip(scored, found, strict=True):
                    asked = np.isin(places[own], chosen[turn].suspects)
                    scores[turn][..., places[own][asked]] = row[..., asked]
        return scores

    def _compared(self, comparison: Comparing, told: Told, given: list[np.ndarray]) -> np.ndarray:
        """The scores (rounds, S) by the references of each round; (rounds, R, S) where probes are redrawn."""
        if not comparison.needs_references:
            same = comparison(told) if self.weights is None else comparison.reweighted(self.weights, told)
            return np.array([same] * len(given))
        if self.weights is None:
            by_references = comparison.given(told)
            return np.array([by_references(own) for own in given])
        redrawn = (comparison.given(one) for one in comparison.redrawn(self.weights, told))
        return np.array([[by_references(own) for own in given] for by_references in redrawn]).swapaxes(0, 1)

    def references(self, comparison: Comparing, places: np.ndarray) -> dict[int, np.ndarray]:
        """The answers (P, K) of those of the models at these places that the comparison can use, by place."""
        return {
            int(place): answer
            for own, stack, same in self.groups
            if same or not comparison.same_classes
            for place, answer in zip(own, stack, strict=True)
            if place in places
        }


def mean_scores(asked: Asked, comparison: Comparing, chosen: list[Round]) -> np.ndarray:
    """The mean scores (M,) over the rounds in which a model is a suspect; NaN where it is in none."""
    table = asked.scores(comparison, chosen)
    times = np.isfinite(table).sum(axis=0)
    means: np.ndarray = np.divide(np.nansum(table, axis=0), times, out=np.full(table.shape[1:], np.nan), where=times > 0)
    return means


def left_out_scores(asked: Asked, comparison: Comparing, whole: Round) -> tuple[np.ndarray, np.ndarray]:
    """What p-values compare: each reference's score by the others (n,), and by the same others those of suspects (S, n)."""
    turns = leave_one_out(whole)
    scores = asked.scores(comparison, turns)
    return np.array([own[one.suspects[-1]] for own, one in zip(scores, turns, strict=True)]), scores[:, whole.suspects].T


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
