"""Kinds of answers: what an interface tells, found out from the answers, and all models brought to the same form.

Answers of a model are a matrix (P, K) with NaN for what it did not tell: a row of NaN is a refused probe, a row with k
numbers the k best classes, and a single 1 beside NaN a label. Probabilities of few digits, compared with raw logits, make a
copy look more innocent than innocent models are; so the source and the references are cut down to what the suspect tells
before they are compared, probe by probe where it tells more classes of one than of another. The best classes without
probabilities, ranked or with raw scores, say no more than the label that can be compared.
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


def answered(answers: np.ndarray) -> np.ndarray:
    """Which probes (P,) have an answer."""
    missing: np.ndarray = np.isnan(answers).all(axis=1)
    return ~missing


def classes_told(answers: np.ndarray) -> np.ndarray:
    """Of how many classes (P,) a number is told of each probe."""
    numbers: np.ndarray = (~np.isnan(answers)).sum(axis=1)
    return numbers


def form_of(answers: np.ndarray) -> Form:
    """What kind of answers these are, judged by those that are there."""
    told = answers[answered(answers)]
    classes, most = told.shape[1], int(classes_told(told).max(initial=0))
    if _one_hot(told):
        return Form("labels", best=most if 1 < most < classes else None)
    digits = _digits(told[~np.isnan(told)])
    probable = bool(len(told)) and _probable(told, digits)
    if np.isnan(told).any():
        return Form("top_k", digits, most) if probable else Form("labels", best=most)
    return Form("probabilities", digits) if probable else Form("logits")


def weakest(forms: list[Form]) -> Form:
    """The form that all answers can be brought to: the kind that tells least, the fewest digits and classes."""
    kind = min((form.kind for form in forms), key=KINDS.index)
    digits = min((form.digits for form in forms if form.digits is not None), default=None)
    best = min((form.best for form in forms if form.best is not None), default=None)
    return Form(kind, digits if kind in ("top_k", "probabilities") else None, best if kind == "top_k" else None)


def brought_to(answers: np.ndarray, own: Form, form: Form, best: np.ndarray | None = None) -> np.ndarray:
    """Answers (P, K) of form `own` as logits (P, K) that say no more than `form` does; rows that were refused stay NaN.

    best: how many classes (P,) of each probe are kept of the best ones; `form.best` of all, without.

    Of labels: 1 for the label, else 0. Of probabilities their logarithm, where what rounding made zero, and what is not told,
    counts as half of the last digit or as an even share of what is left.
    """
    if form.kind == "logits":
        return answers.astype(np.float64)
    told = answered(answers)
    shown = np.full(answers.shape, np.nan)
    if form.kind == "labels":
        shown[told] = np.eye(answers.shape[1])[np.nanargmax(answers[told], axis=1)]
        return shown
    chances = softmax(answers[told]) if own.kind == "logits" else answers[told].astype(np.float64)
    if form.kind == "top_k":
        kept = np.full(len(answers), form.best) if best is None else best
        chances = np.where(_ranks(chances) < kept[told][:, None], chances, np.nan)
    shown[told] = _logarithm(chances, form)
    return shown


def _one_hot(told: np.ndarray) -> bool:
    filled = np.nan_to_num(told)
    return bool(len(told)) and bool(((filled == 0) | (filled == 1)).all()) and bool((filled.sum(axis=1) == 1).all())


def _digits(values: np.ndarray) -> int | None:
    """The least number of decimals that all values have; None if they are many."""
    for digits in range(1, MOST_DIGITS):
        if np.allclose(values, np.round(values.astype(np.float64), digits), rtol=0, atol=1e-7):
            return digits
    return None


def _probable(told: np.ndarray, digits: int | None) -> bool:
    """Whether these are probabilities, of all classes or of the best: from 0 to 1, and adding up to 1, or to less where
    classes are not told.
    """
    sums, whole = np.nansum(told, axis=1), ~np.isnan(told).any(axis=1)
    rounded = 0 if digits is None else classes_told(told).max() * 0.5 * 10.0**-digits
    most, least = 1 + SUM_TOLERANCE + rounded, 1 - SUM_TOLERANCE - rounded
    return bool(np.nanmin(told) >= 0 and np.nanmax(told) <= 1 and (sums <= most).all() and (sums[whole] >= least).all())


def _ranks(chances: np.ndarray) -> np.ndarray:
    """The rank (P, K) of each class within its row, 0 for the best; those that are not told come last."""
    order = np.argsort(-np.nan_to_num(chances, nan=-np.inf), axis=1, kind="stable")
    ranks: np.ndarray = np.argsort(order, axis=1, kind="stable")
    return ranks


def _logarithm(chances: np.ndarray, form: Form) -> np.ndarray:
    if form.digits is not None:
        chances = np.round(chances, form.digits)
    floor = 0.5 * 10.0 ** -(form.digits if form.digits is not None else MOST_DIGITS + 1)
    untold = np.isnan(chances)
    left = np.maximum(1 - np.nansum(chances, axis=1, keepdims=True), 0) / np.maximum(untold.sum(axis=1, keepdims=True), 1)
    return np.log(np.maximum(np.where(untold, left, chances), floor))
