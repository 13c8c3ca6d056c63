"""The mean of a few values and how sure it is, each value drawn: Student's t."""

import numpy as np
from scipy import stats

from pipeline.metrics.intervals import CONFIDENCE


def mean_limits(values: np.ndarray) -> tuple[float, float, float]:
    """(mean, low, high) of values (N,), with 95 % limits; these are NaN for fewer than two values."""
    mean = float(np.mean(values)) if len(values) else float("nan")
    if len(values) < 2:
        return mean, float("nan"), float("nan")
    arm = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return mean, mean - arm, mean + arm
