"""One picture file, of any size and colour, as the small square that a network reads."""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from pipeline.errors import BadInput

MODES = {1: "L", 3: "RGB"}
BROKEN = (OSError, SyntaxError, ValueError, TypeError, EOFError, struct.error, Image.DecompressionBombError)


def square(file: Path | BinaryIO, size: int, channels: int, where: str, crop: int | None = None) -> np.ndarray:
    """The picture in `file` as (channels, size, size) uint8: squashed, not cropped (bilinear); colour becomes grey by
    its luma, grey becomes colour by three equal channels.

    crop: the side, in pixels, of the central square that alone is used; a side that is shorter stays whole.
    Raises BadInput that begins with `where` if it is no picture.
    """
    try:
        with Image.open(file) as picture:
            picture = _central(picture.convert(MODES[channels]), crop)
    except BROKEN as error:
        raise BadInput(f"{where} is not a picture ({' '.join(str(error).split())[:120]}): repair or remove it") from None
    pixels = np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR))
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _central(picture: Image.Image, crop: int | None) -> Image.Image:
    if crop is None:
        return picture
    (left, top), (width, height) = ([max(0, side - crop) // 2 for side in picture.size],
                                    [min(side, crop) for side in picture.size])
    return picture.crop((left, top, left + width, top + height))
