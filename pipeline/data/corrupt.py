"""The corruptions of Hendrycks and Dietterich (2019) that SAC-JC compares: their fifteen without frost.

They need colour images of 32 pixels or more: smaller ones are padded by reflection and cropped afterwards, grey ones
go through as three equal channels and come back as their mean.
"""

import io
from typing import Literal

import numpy as np

from pipeline.core.errors import BadInput, unknown

CORRUPTIONS = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg",
)
JPEG_QUALITY = (25, 18, 15, 10, 7)
SMALLEST = 32


def corrupt(images: np.ndarray, name: str, severity: int, seed: int) -> np.ndarray:
    """images (N, C, H, W) uint8 after corruption `name` at severity 1 to 5; the same seed gives the same result."""
    if name not in CORRUPTIONS:
        raise BadInput(unknown("corruption", name, CORRUPTIONS))
    if name == "jpeg":
        return jpeg(images, JPEG_QUALITY[severity - 1])
    from imagecorruptions import corrupt as corrupt_one

    state = np.random.get_state()
    np.random.seed(seed)  # ten of the corruptions draw from NumPy's global generator,
    extra = {"seed": seed} if name in ("impulse_noise", "glass_blur") else {}  # these two from their own
    try:
        return np.stack(
            [
                unpadded(corrupt_one(padded(image), severity, name, **_next(extra, place)), image.shape)
                for place, image in enumerate(images)
            ]
        )
    finally:
        np.random.set_state(state)


def jpeg(images: np.ndarray, quality: int, swapped: bool = False) -> np.ndarray:
    """images (N, C, H, W) uint8 after JPEG compression. `swapped` compresses BGR, as the authors' KDEF code does."""
    from PIL import Image

    answers = []
    for image in images:
        pixels = image[0] if len(image) == 1 else image[:: -1 if swapped else 1].transpose(1, 2, 0)
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=quality)
        pixels = np.asarray(Image.open(file))
        answers.append(pixels[None] if len(image) == 1 else pixels.transpose(2, 0, 1)[:: -1 if swapped else 1])
    return np.stack(answers) if answers else images.copy()


def _next(extra: dict[str, int], place: int) -> dict[str, int]:
    return {name: seed + place for name, seed in extra.items()}


def _padding(shape: tuple[int, ...]) -> tuple[int, int]:
    """Pixels to add at the top and left so that the smaller side reaches 32."""
    top, left = (max(0, -(-(SMALLEST - side) // 2)) for side in shape[1:])
    return top, left


def padded(image: np.ndarray) -> np.ndarray:
    """An image (C, H, W) as (H', W', 3) with sides of at least 32 pixels, by reflection."""
    (top, left), (_, height, width) = _padding(image.shape), image.shape
    rest = max(0, SMALLEST - height - top), max(0, SMALLEST - width - left)
    mode: Literal["reflect", "edge"] = "reflect" if max(top, left, *rest) < min(height, width) else "edge"
    padded = np.pad(image, ((0, 0), (top, rest[0]), (left, rest[1])), mode=mode)
    return np.repeat(padded, 3 if len(image) == 1 else 1, axis=0).transpose(1, 2, 0)


def unpadded(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The part of pixels (H', W', 3) that an image of `shape` (C, H, W) had before `padded`, as uint8 of that shape."""
    (top, left), (channels, height, width) = _padding(shape), shape
    cropped = np.asarray(pixels, np.float64).transpose(2, 0, 1)[:, top : top + height, left : left + width]
    return np.rint(cropped.mean(axis=0, keepdims=True) if channels == 1 else cropped).clip(0, 255).astype(np.uint8)
