"""What is compared: the raw logits, as the authors do, or the probabilities that an API would show."""

from typing import Literal

import numpy as np


def logits(answers: np.ndarray) -> np.ndarray:
    """The answers as they are, float64."""
    return answers.astype(np.float64)


def softmax(answers: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis, float64."""
    shifted = np.exp(answers.astype(np.float64) - answers.max(axis=-1, keepdims=True))
    shares: np.ndarray = shifted / shifted.sum(axis=-1, keepdims=True)
    return shares


Representation = Literal["logits", "softmax"]
REPRESENTATIONS = {"logits": logits, "softmax": softmax}
