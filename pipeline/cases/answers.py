"""Kinds of answers: what an interface tells, found out from the answers, and all models brought to the same form.

Answers of a model are a matrix (P, K) with NaN for what it did not tell: a row of NaN is a refused probe, a row with k
numbers the k best classes, and a single 1 beside NaN a label. Probabilities of few digits, compared with raw logits, make a
copy look more innocent than innocent models are; so the source and the references are cut down to what the suspect tells
before they are compared. The best classes without probabilities, ranked or with raw scores, say no more than the label
that can be compared.

A suspect may answer one probe so and the next otherwise, to be misread. So its answers are read one by one, and nothing
that it does at one probe changes how another is read. And no answer weighs more than another (`levelled`): an offset or a
scale, of all or of one, changes nothing.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.fingerprints.representation import softmax

Kind = Literal["labels", "top_k", "probabilities", "logits"]
KINDS: tuple[Kind, ...] = ("labels", "top_k", "probabilities", "logits")
"""From what tells least to what tells most."""

MOST_DIGITS = 6
"""Probabilities with more digits than these are as good as whole ones."""
MANY = MOST_DIGITS + 1
"""What whole probabilities count as: they are not rounded, and half of this digit is the least that is told apart from 0."""
ALL = 10**9
"""As a number of classes, all of them, however many there are."""
SUM_TOLERANCE = 0.01
"""How far probabilities may be from adding up to 1, besides what rounding does."""


@dataclass(frozen=True)
class Form:
    """What answers are. digits: decimals of probabilities, if they are few; best: how many classes are told at most, if not
    all.
    """

    kind: Kind
    digits: int | None = None
    best: int | None = None

    def __str__(self) -> str:
        few = f" of {self.digits} digits" if self.digits is not None else ""
        return {
            "labels": f"the {self.best} best classes, no probabilities: compared by label" if self.best else "labels alone",
            "top_k": f"the {self.best} best classes, probabilities{few}",
            "probabilities": f"probabilities{few}",
            "logits": "logits",
        }[self.kind]


@dataclass(frozen=True)
class Rows:
    """What each answer of a table tells, (P,) each. label: no more than the best class; raw: numbers for all classes that are
    no probabilities; digits: decimals, at most MANY; best: how many classes, or ALL.
    """

    label: np.ndarray
    raw: np.ndarray
    digits: np.ndarray
    best: np.ndarray

    def within(self, form: Form) -> "Rows":
        """These, saying no more than `form` does."""
        return Rows(
            self.label | (form.kind == "labels"),
            self.raw & (form.kind == "logits"),
            np.minimum(self.digits, MANY if form.digits is None else form.digits),
            np.minimum(self.best, ALL if form.best is None else form.best),
        )

    def take(self, index: np.ndarray) -> "Rows":
        """Some of them."""
        return Rows(self.label[index], self.raw[index], self.digits[index], self.best[index])


def answered(answers: np.ndarray) -> np.ndarray:
    """Which probes (P,) have an answer."""
    missing: np.ndarray = np.isnan(answers).all(axis=1)
    return ~missing


def read_rows(answers: np.ndarray) -> Rows:
    """What each answer (P, K) tells, whatever the others do."""
    filled, there = np.nan_to_num(answers.astype(np.float64)), ~np.isnan(answers)
    best = there.sum(axis=1)
    whole = best == answers.shape[1]
    one_hot = ((filled == 0) | (filled == 1)).all(axis=1) & (filled.sum(axis=1) == 1)
    digits = np.full(len(answers), MANY)
    for few in range(MOST_DIGITS - 1, 0, -1):
        digits[np.isclose(filled, np.round(filled, few), rtol=0, atol=1e-7).all(axis=1)] = few
    sums, slack = filled.sum(axis=1), SUM_TOLERANCE + np.where(digits < MANY, best * 0.5 * 10.0**-digits, 0)
    adds_up = (sums <= 1 + slack) & (~whole | (sums >= 1 - slack))
    probable = (filled >= 0).all(axis=1) & (filled <= 1).all(axis=1) & adds_up & (best > 0)
    return Rows(one_hot | (~probable & ~whole & (best > 0)), ~probable & whole, digits, np.where(whole, ALL, best))


def form_of(answers: np.ndarray) -> Form:
    """What kind of answers these are as a whole: what they are compared as, of the answers that tell most."""
    told = answers[answered(answers)]
    rows, most = read_rows(told), int((~np.isnan(told)).sum(axis=1).max(initial=0))
    numbers = rows.take(~rows.label)
    if len(told) and not len(numbers.label):
        return Form("labels", best=most if 1 < most < told.shape[1] else None)
    if numbers.raw.all() and len(numbers.label) == len(told):
        return Form("logits")
    digits = int(rows.digits.max())
    few = digits if digits < MANY else None
    return Form("top_k", few, most) if np.isnan(told).any() else Form("probabilities", few)


def weakest(forms: list[Form]) -> Form:
    """The form that all answers can be brought to: the kind that tells least, the fewest digits and classes."""
    kind = min((form.kind for form in forms), key=KINDS.index)
    digits = min((form.digits for form in forms if form.digits is not None), default=None)
    best = min((form.best for form in forms if form.best is not None), default=None)
    return Form(kind, digits if kind in ("top_k", "probabilities") else None, best if kind == "top_k" else None)


def brought_to(answers: np.ndarray, rows: Rows) -> np.ndarray:
    """Answers (P, K) as logits (P, K) that say no more than `rows` do; probes that were refused stay NaN.

    All raw, they stay as they are. Else of raw numbers their softmax is taken, and of probabilities their logarithm, where what
    rounding made zero, and what is not told, counts as half of the last digit or as an even share of what is left; a label is
    the best class at 1, to one digit.
    """
    told = answered(answers)
    if rows.raw[told].all():
        return answers.astype(np.float64)
    given, kept, own = answers[told].astype(np.float64), rows.take(told), read_rows(answers[told])
    chances = np.where(own.raw[:, None], softmax(np.where(own.raw[:, None], given, 0)), given)
    chances = np.where(_ranks(chances) < kept.best[:, None], chances, np.nan)
    labels = np.eye(answers.shape[1])[np.nanargmax(given, axis=1)]
    shown = np.full(answers.shape, np.nan)
    shown[told] = _logarithm(np.where(kept.label[:, None], labels, chances), np.where(kept.label, 1, kept.digits)[:, None])
    return shown


def levelled(shown: np.ndarray) -> np.ndarray:
    """Answers (P, K), each about its own mean and of length 1; equal numbers are zeros."""
    largest = np.abs(shown).max(axis=1, keepdims=True)
    scaled = shown / np.where(largest > 0, largest, 1)  # so that no square overflows
    centred = scaled - scaled.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    result: np.ndarray = np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-12)
    return result


def _ranks(chances: np.ndarray) -> np.ndarray:
    """The rank (P, K) of each class within its row, 0 for the best; those that are not told come last."""
    order = np.argsort(-np.nan_to_num(chances, nan=-np.inf), axis=1, kind="stable")
    ranks: np.ndarray = np.argsort(order, axis=1, kind="stable")
    return ranks


def _logarithm(chances: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Of probabilities (P, K) told to so many digits (P, 1)."""
    tenth = 10.0**-digits
    chances = np.where(digits < MANY, np.round(chances / tenth) * tenth, chances)
    untold = np.isnan(chances)
    left = np.maximum(1 - np.nansum(chances, axis=1, keepdims=True), 0) / np.maximum(untold.sum(axis=1, keepdims=True), 1)
    return np.log(np.maximum(np.where(untold, left, chances), 0.5 * tenth))
