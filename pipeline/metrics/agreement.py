"""How near measured AUCs come to the papers', over the cells of a table.

A published value easily lies in a wide interval. So the mean gap is given too, and the number of cells in which the value could
have lain outside.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pipeline.metrics.intervals import CONFIDENCE

CHANCE = 0.5
CEILING = 0.99


@dataclass(frozen=True)
class Agreement:
    """Over `cells` cells: how many published values are `inside`, the mean absolute `gap`, and the mean `distance` in
    standard errors.

    could_fail: the cells of which `at_risk` is true; inside_at_risk: how many of these are inside. Means are NaN without
    cells.
    """

    cells: int
    inside: int
    gap: float
    distance: float
    could_fail: int
    inside_at_risk: int


def agree(
    value: np.ndarray, low: np.ndarray, high: np.ndarray, published: np.ndarray, digits: np.ndarray, risky: np.ndarray
) -> Agreement:
    """Compare measured AUCs with their limits (N,) and published ones of so many decimal digits (N,).

    risky (N,): `at_risk`. Cells without a measured value do not count.
    """
    known = np.isfinite(value) & np.isfinite(published)
    value, low, high, published, digits, risky = (
        np.asarray(one)[known] for one in (value, low, high, published, digits, risky)
    )
    within = inside(low, high, published, digits)
    count = len(value)
    return Agreement(
        count,
        int(within.sum()),
        float(np.abs(value - published).mean()) if count else float("nan"),
        float(distance(value, low, high, published).mean()) if count else float("nan"),
        int(risky.sum()),
        int((within & risky).sum()),
    )


def inside(low: np.ndarray, high: np.ndarray, published: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Whether the published values lie within limits that are rounded to their decimal digits, as they are themselves."""
    step = 10.0**-digits
    lowest, found, highest = (np.round(one / step) for one in (low, published, high))
    return np.asarray((lowest <= found) & (found <= highest))


def distance(value: np.ndarray, low: np.ndarray, high: np.ndarray, published: np.ndarray) -> np.ndarray:
    """How many standard errors the published value is away; an error is the measured interval's arm towards it over 1.96.

    It is 0 where both are the same, and infinite where they differ and the interval has no arm towards the published value.
    """
    arm = np.where(published > value, high - value, value - low) / stats.norm.ppf((1 + CONFIDENCE) / 2)
    gap = np.abs(published - value)
    return np.asarray(np.divide(gap, arm, out=np.where(gap > 0, np.inf, 0.0), where=arm > 0))


def at_risk(low: np.ndarray, high: np.ndarray, published: np.ndarray, attacks: np.ndarray) -> np.ndarray:
    """Whether agreement in a cell (N,) means anything: whether the published value could well have lain outside the limits
    (N,).

    It could not if the limits reach from chance to 1. Nor does it count if every published value of the attack (N,) is 0.99
    or more, since any fingerprint that works agrees there.
    """
    lowest = {attack: np.nanmin(published[attacks == attack]) for attack in np.unique(attacks)}
    ceiling = np.array([lowest[attack] >= CEILING for attack in attacks], bool)
    return np.asarray(~((low <= CHANCE) & (high >= 1)) & ~ceiling)
