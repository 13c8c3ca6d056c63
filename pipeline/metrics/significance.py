"""Whether stolen suspects' scores differ from irrelevant ones'."""

import warnings

import numpy as np
from scipy import stats

SMALLEST = float(np.finfo(np.float64).tiny)
"""What a p-value below the smallest number of float64 is given as."""


def p_value(stolen: np.ndarray, irrelevant: np.ndarray, equal_variance: bool = False) -> tuple[float, str]:
    """Two-sided two-sample t-test, Welch's unless `equal_variance`, and the side the stolen suspects are on.

    In float64 throughout: scores are stored in float32, whose smallest p-value is 1e-45. NaN where a group has fewer than
    two suspects, and where neither varies.
    """
    stolen, irrelevant = stolen.astype(np.float64), irrelevant.astype(np.float64)
    side = "above" if stolen.mean() > irrelevant.mean() else "below"
    if min(len(stolen), len(irrelevant)) < 2 or np.ptp(stolen) == np.ptp(irrelevant) == 0:
        return float("nan"), side
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # of a group that hardly varies
        test = stats.ttest_ind(stolen, irrelevant, equal_var=equal_variance)
    return max(float(test.pvalue), SMALLEST), side
