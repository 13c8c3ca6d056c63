"""Which models are references for which suspects.

A reference surely is no copy of the source. Three kinds stand side by side, since what references explain depends on
what they were trained on:

    innocents    the zoo's irrelevant models, one of each architecture as in the papers' threshold rule. Cross-fitted:
                 every seed in turn gives the references, which then are no suspects; scores are means over the turns.
    owner        the defender's own reference models, trained on the query share.
    owner_other  those of them that have another architecture than the suspect.

The defender's models are rows of the table of answers, of attack `references` and `surrogates`; they are no suspects.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Kind = Literal["", "innocents", "owner", "owner_other"]
INNOCENTS: Kind = "innocents"
OWNER: Kind = "owner"
OWNER_OTHER: Kind = "owner_other"
KINDS = (INNOCENTS, OWNER, OWNER_OTHER)
NONE: Kind = ""
"""The kind of references of a comparison that needs none."""

IRRELEVANT, REFERENCES, SURROGATES = "irrelevant", "references", "surrogates"
OWN = (REFERENCES, SURROGATES)
"""What the column `attack` says of models that the defender made himself."""


@dataclass(frozen=True)
class Round:
    """References, and the suspects that are scored with them: places among the models of a table of answers."""

    references: np.ndarray
    suspects: np.ndarray


def suspects_of(models: pd.DataFrame) -> np.ndarray:
    """The places of all suspects among `models`, which have the columns `attack`, `arch` and `seed`."""
    return np.flatnonzero(~models["attack"].isin(OWN))


def rounds(kind: Kind, models: pd.DataFrame) -> list[Round]:
    """The rounds of one kind of references; none if there are no such references."""
    suspects, archs = suspects_of(models), models["arch"].to_numpy(str)
    if kind == INNOCENTS:
        return [Round(fold, np.setdiff1d(suspects, fold)) for fold in folds(models)]
    own = np.flatnonzero(models["attack"] == REFERENCES)
    if kind == OWNER:
        return [Round(own, suspects)] if len(own) else []
    parts = [Round(own[archs[own] != arch], suspects[archs[suspects] == arch]) for arch in np.unique(archs[suspects])]
    return [part for part in parts if len(part.references)]


def calibrations(kind: Kind, models: pd.DataFrame) -> list[Round]:
    """The rounds for p-values, which need all the references that there are: of innocents, every fold is judged by the rest."""
    if kind != INNOCENTS:
        return rounds(kind, models)
    innocent = np.flatnonzero(models["attack"] == IRRELEVANT)
    stolen = np.setdiff1d(suspects_of(models), innocent)
    whole = [Round(np.setdiff1d(innocent, fold), np.union1d(stolen, fold)) for fold in folds(models)]
    return [one for one in whole if len(one.references) > 1]


def leave_one_out(whole: Round) -> list[Round]:
    """For each reference in turn, the round in which it is a suspect and all others are references."""
    return [
        Round(np.delete(whole.references, place), np.append(whole.suspects, whole.references[place]))
        for place in range(len(whole.references))
    ]


def folds(models: pd.DataFrame) -> list[np.ndarray]:
    """The places of irrelevant models, one of each architecture in every fold; what does not fill a fold is left out."""
    own = _by_arch(models, IRRELEVANT)
    return [np.array(fold) for fold in zip(*own, strict=False)]


def drawn(kind: Kind, models: pd.DataFrame, number: int, draws: int, seed: int = 0) -> list[Round]:
    """Rounds of `number` references, drawn with as many of each architecture as there can be; none if there are too few.

    kind: `innocents` or `owner`. Innocents that are references are no suspects; one at least must be left to judge by.
    """
    if kind not in (INNOCENTS, OWNER):
        raise ValueError(f"references are drawn from innocents or owner, found {kind!r}")
    by_arch = _by_arch(models, IRRELEVANT if kind == INNOCENTS else REFERENCES)
    available = sum(map(len, by_arch))
    if number > available - (kind == INNOCENTS):
        return []
    draw, suspects = np.random.default_rng(seed), suspects_of(models)
    whole = [_draw(by_arch, number, draw) for _ in range(1 if number == available else draws)]
    return [Round(chosen, np.setdiff1d(suspects, chosen)) for chosen in whole]


def _draw(by_arch: list[np.ndarray], number: int, draw: np.random.Generator) -> np.ndarray:
    """One model of each architecture, both in random order, then the next of each, until there are `number`."""
    shuffled = [draw.permutation(by_arch[place]) for place in draw.permutation(len(by_arch))]
    deepest = max(map(len, shuffled))
    turns = [own[turn] for turn in range(deepest) for own in shuffled if turn < len(own)]
    return np.sort(np.array(turns[:number], int))


def _by_arch(models: pd.DataFrame, attack: str) -> list[np.ndarray]:
    """The places of an attack's models by architecture, each in the order of seeds."""
    own = models.reset_index(drop=True).query("attack == @attack").sort_values("seed", kind="stable")
    return [group.index.to_numpy() for _, group in own.groupby("arch", sort=True, observed=True)]
