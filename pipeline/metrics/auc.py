"""The area under the ROC curve. Scores are such that a higher one means a likelier copy."""

import numpy as np


def below(scores: np.ndarray, others: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """(..., S): how many of `others` (..., I) lie below each of the scores (..., S), ties half. weights (I,): what each counts.

    From the sorted others: time and memory grow with S + I, not with their product.
    """
    counts = np.ones(others.shape[-1]) if weights is None else weights
    pairs = zip(scores.reshape(-1, scores.shape[-1]), others.reshape(-1, others.shape[-1]), strict=True)
    return np.array([_below(*pair, counts) for pair in pairs]).reshape(scores.shape)


def auc(stolen: np.ndarray, irrelevant: np.ndarray) -> float:
    """The chance that a stolen suspect scores higher than an irrelevant one, ties half.

    >>> auc(np.array([0.9, 0.5]), np.array([0.5, 0.1]))
    0.875
    """
    return float(below(stolen, irrelevant).sum() / (len(stolen) * len(irrelevant)))


def tpr_at(stolen: np.ndarray, irrelevant: np.ndarray, fpr: float = 0.05) -> float:
    """The share of stolen suspects above the lowest threshold that flags at most `fpr` of the irrelevant ones.

    NaN where there are fewer than 1 / `fpr` irrelevant models: there no threshold flags that share of them.
    """
    allowed = int(np.floor(fpr * len(irrelevant) + 1e-9))
    if not allowed:
        return float("nan")
    threshold = np.sort(irrelevant)[::-1][allowed]
    return float((stolen > threshold).mean())


def _below(scores: np.ndarray, others: np.ndarray, weights: np.ndarray) -> np.ndarray:
    order = np.argsort(others)
    ordered, total = others[order], np.concatenate([[0.0], np.cumsum(weights[order])])
    both: np.ndarray = total[np.searchsorted(ordered, scores, "left")] + total[np.searchsorted(ordered, scores, "right")]
    return both / 2
