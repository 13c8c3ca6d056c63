"""Tiny images that tests make."""

import numpy as np
import pandas as pd

from pipeline.data.images import Images, from_arrays

CLASSES = ("left", "right", "both")


def make_tiny(count: int, seed: int, channels: int = 1) -> Images:
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = draw.integers(0, 90, (count, channels, 16, 16))
    images[labels != 1, :, :, :8] += 120
    images[labels != 0, :, :, 8:] += 120
    return from_arrays(images.astype(np.uint8), labels, CLASSES)


def make_suspects() -> pd.DataFrame:
    """Two copies, two irrelevant models and two of another task."""
    return pd.DataFrame(
        {
            "attack": ["copy"] * 2 + ["irrelevant"] * 2 + ["transfer"] * 2,
            "arch": "vgg_slim",
            "seed": [0, 1] * 3,
            "variant": "",
            "suspect": [f"s{place}" for place in range(6)],
        }
    )
