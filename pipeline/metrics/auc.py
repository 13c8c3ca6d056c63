"""The area under the ROC curve. Scores are such that a higher one means a likelier copy."""

import numpy as np


def wins(stolen: np.ndarray, irrelevant: np.ndarray) -> np.ndarray:
    """(..., S, I): 1 where the stolen suspect scores higher, 1/2 where both score the same, else 0.

    stolen: (..., S), irrelevant: (..., I).
    """
    rows, columns = stolen[..., :, None], irrelevant[..., None, :]
    return np.asarray((rows > columns) + 0.5 * (rows == columns))


def auc(stolen: np.ndarray, irrelevant: np.ndarray) -> float:
    """The chance that a stolen suspect scores higher than an irrelevant one, ties half.

    >>> auc(np.array([0.9, 0.5]), np.array([0.5, 0.1]))
    0.875
    """
    return float(wins(stolen, irrelevant).mean())


def tpr_at(stolen: np.ndarray, irrelevant: np.ndarray, fpr: float = 0.05) -> float:
    """The share of stolen suspects above the lowest threshold that flags at most `fpr` of the irrelevant ones.

    NaN where there are fewer than 1 / `fpr` irrelevant models: there no threshold flags that share of them.
    """
    allowed = int(np.floor(fpr * len(irrelevant) + 1e-9))
    if not allowed:
        return float("nan")
    threshold = np.sort(irrelevant)[::-1][allowed]
    return float((stolen > threshold).mean())
