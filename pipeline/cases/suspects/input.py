"""Pictures as a model's input: its size, its channels, its scale, its order of axes."""

import numpy as np

from pipeline.cases.case import Pixels
from pipeline.cases.images import resized
from pipeline.core.errors import BadInput

MOST_NUMBERS = 3 * 4096 * 4096
MOST_CLASSES = 100_000
MOST = float(str(np.finfo(np.float32).max))
"""The largest float32 in its shortest decimals: what lies beyond is infinite among answers, which are kept as float32."""


def finite(number: float) -> bool:
    """Whether a number, a whole one of any length too, is finite as a float32."""
    return abs(number) <= MOST


def takes_pictures(channels: int | None, height: int | None, width: int | None, batch: int | None = None) -> bool:
    """Whether an input of these sides, None where any will do, is for square pictures of 1 or 3 channels, no larger than memory
    can hold.
    """
    return channels in (1, 3, None) and height == width and 3 * (height or 1) ** 2 * (batch or 1) <= MOST_NUMBERS


def as_input(images: np.ndarray, pixels: Pixels, size: int | None = None, channels: int | None = None) -> np.ndarray:
    """images (N, C, H, W) uint8 as float32 in the layout of `pixels`; size and channels: the model's own, if it has such."""
    channels = pixels.channels or channels or images.shape[1]
    images = resized(images, pixels.size or size, channels)
    values = images.astype(np.float32) / (255 if pixels.scale == "unit" else 1)
    for numbers, what in ((pixels.mean, "--mean"), (pixels.std, "--std")):
        if numbers is not None and len(numbers) not in (1, channels):
            raise BadInput(f"{what}: {len(numbers)} numbers for {channels} channels")
    values = (values - _channels(pixels.mean or (0.0,))) / _channels(pixels.std or (1.0,))
    return np.ascontiguousarray(values if pixels.layout == "nchw" else values.transpose(0, 2, 3, 1), dtype=np.float32)


def checked(answers: np.ndarray, images: int, what: str) -> np.ndarray:
    """Answers as float32 (N, K); BadInput if they are of another shape, or not finite."""
    answers = np.asarray(answers)
    if answers.ndim > 2 and answers.size == answers.shape[0] * answers.shape[1]:
        answers = answers.reshape(answers.shape[:2])
    numbers = answers.ndim == 2 and answers.dtype.kind in "fiu"
    if not numbers or len(answers) != images or not 2 <= answers.shape[1] <= MOST_CLASSES:
        raise BadInput(
            f"{what}: answers {answers.dtype} {answers.shape} to {images} pictures; expected a row of 2 to "
            f"{MOST_CLASSES} numbers, one for each class"
        )
    with np.errstate(over="ignore"):
        answers = answers.astype(np.float32)
    if not np.isfinite(answers).all():
        first = int(np.flatnonzero(~np.isfinite(answers).all(axis=1))[0])
        raise BadInput(f"{what}: answers NaN or infinite numbers to picture {first}")
    return answers


def _channels(numbers: tuple[float, ...]) -> np.ndarray:
    return np.array(numbers, np.float32).reshape(1, -1, 1, 1)
