"""Conformal p-values: how surprising a suspect's score would be for a model that is no copy.

With n reference scores the p-value is (1 + those at least as high) / (n + 1) (Vovk, Gammerman & Shafer, "Algorithmic
Learning in a Random World", 2005, section 2.2; Bates et al., "Testing for outliers with conformal p-values", Annals of
Statistics 2023, Eq. 1). If suspect and references are exchangeable, it is at most t with probability at most t, whatever
the scores mean: an error rate that needs no threshold. It is never below 1 / (n + 1), so 19 references at least are
needed to accuse at 5 %.
"""

import numpy as np

LEVELS = (0.05, 0.1)


def p_values(suspects: np.ndarray, references: np.ndarray) -> np.ndarray:
    """P-values (S,) of suspects' scores (S,) by reference scores (n,).

    Where references are scored against each other, each without itself, suspects may be given as (S, n): column i the
    scores by all references but i, which are compared with the score of reference i alone (cross-conformal; Barber et
    al., "Predictive inference with the jackknife+", Annals of Statistics 2021). NaN where a suspect has no score.

    >>> p_values(np.array([0.9, 0.2]), np.array([0.1, 0.2, 0.3]))
    array([0.25, 0.75])
    """
    scores = suspects[:, None] if suspects.ndim == 1 else suspects
    higher = (references[None, :] >= scores).sum(axis=1)
    values: np.ndarray = np.where(np.isnan(scores).any(axis=1), np.nan, (1 + higher) / (len(references) + 1))
    return values


def least_p_value(references: float) -> float:
    """The least p-value that so many references can give."""
    return 1 / (references + 1)


def accused(values: np.ndarray, level: float) -> float:
    """The share of p-values at or below a nominal level; NaN without any."""
    known = values[np.isfinite(values)]
    return float((known <= level + 1e-12).mean()) if len(known) else float("nan")
