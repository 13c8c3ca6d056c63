"""F1 at thresholds that a few models set, as a mean over all choices of these models.

A choice is one model of each architecture where there are four, else any four. A suspect is flagged when it scores
strictly higher than the threshold. The models that set it are not judged.
"""

from itertools import combinations, product
from math import comb, prod

import numpy as np

THRESHOLD_MODELS = 4
CHOICES = 400_000
"""The most choices, or pairs of choices, that are all gone through: five seeds of four architectures give 625 * 625 pairs. Of
more, DRAWN are drawn."""
DRAWN = 20_000


def f1(found: np.ndarray, false: np.ndarray, stolen: np.ndarray | int) -> np.ndarray:
    """2 P R / (P + R) from the numbers of stolen suspects found, of false alarms, and of all stolen ones."""
    return np.asarray(2 * found / (found + false + stolen))


def f1_worst_of_four(stolen: np.ndarray, irrelevant: np.ndarray, archs: np.ndarray) -> tuple[float, float]:
    """(mean F1, mean threshold) over all choices of four irrelevant models, whose highest score is the threshold.

    SAC-JC, "Threshold Selection". Exact for any number of models: F1 depends on the highest of the four alone, so each
    score counts with the number of choices of which it is the highest. The four are no negatives (none of them exceeds
    the threshold). NaN where no more than four irrelevant models exist.
    """
    if len(irrelevant) <= THRESHOLD_MODELS:
        return float("nan"), float("nan")
    thresholds = np.unique(irrelevant)
    below = np.array([_choices_up_to(irrelevant, archs, one) for one in thresholds], np.float64)
    times = np.diff(below, prepend=0) / below[-1]
    found, false = (stolen > thresholds[:, None]).sum(axis=1), (irrelevant > thresholds[:, None]).sum(axis=1)
    return float(times @ f1(found, false, len(stolen))), float(times @ thresholds)


def f1_midpoint(
    stolen: np.ndarray,
    irrelevant: np.ndarray,
    archs: np.ndarray,
    adversarial: np.ndarray,
    adversarial_archs: np.ndarray,
    own: bool,
) -> float:
    """Mean F1 with the rule of SAC-JC, section 3.2: halfway between irrelevant and adversarially extracted models.

    The validation models are a choice of irrelevant ones and one of `adversarial`; neither are then judged (`own`: the
    stolen suspects are the adversarial ones, in the same order). The mean is over all pairs of choices, up to CHOICES of
    them. NaN where either has no more than four.
    """
    if min(len(irrelevant), len(adversarial)) <= THRESHOLD_MODELS:
        return float("nan")
    clean, known = threshold_choices(archs), threshold_choices(adversarial_archs)
    pairs = _pairs(len(clean), len(known))
    total = 0.0
    for part in np.array_split(pairs, max(1, len(pairs) // DRAWN)):
        four, others = irrelevant[clean[part // len(known)]], adversarial[known[part % len(known)]]
        thresholds = (four.mean(axis=1) + others.mean(axis=1)) / 2
        found = _above(stolen, thresholds) - own * (others > thresholds[:, None]).sum(axis=1)
        false = _above(irrelevant, thresholds) - (four > thresholds[:, None]).sum(axis=1)
        total += f1(found, false, len(stolen) - THRESHOLD_MODELS * own).sum()
    return float(total / len(pairs))


def threshold_choices(archs: np.ndarray) -> np.ndarray:
    """(N, 4): the places of every choice of four models; where there are more than CHOICES, DRAWN of them."""
    names, draws = np.unique(archs), np.random.default_rng(0)
    if len(names) == THRESHOLD_MODELS:
        places = [np.flatnonzero(archs == name) for name in names]
        if prod(map(len, places)) <= CHOICES:
            return np.array(list(product(*places)))
        return np.stack([draws.choice(own, DRAWN) for own in places], axis=1)
    if comb(len(archs), THRESHOLD_MODELS) <= CHOICES:
        return np.array(list(combinations(range(len(archs)), THRESHOLD_MODELS)))
    return np.stack([draws.choice(len(archs), THRESHOLD_MODELS, replace=False) for _ in range(DRAWN)])


def _choices_up_to(scores: np.ndarray, archs: np.ndarray, highest: float) -> int:
    """How many choices have no score above `highest`."""
    names, low = np.unique(archs), scores <= highest
    if len(names) == THRESHOLD_MODELS:
        return prod(int(low[archs == name].sum()) for name in names)
    return comb(int(low.sum()), THRESHOLD_MODELS)


def _above(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """How many scores exceed each threshold."""
    return len(scores) - np.searchsorted(np.sort(scores), thresholds, side="right")


def _pairs(first: int, second: int) -> np.ndarray:
    """The numbers of all pairs of choices; of more than CHOICES, DRAWN of them."""
    if first * second <= CHOICES:
        return np.arange(first * second)
    return np.random.default_rng(0).integers(first * second, size=DRAWN)
