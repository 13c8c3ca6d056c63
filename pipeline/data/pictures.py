"""One picture file: upright and with 8 bits a channel, and as the small square that a network reads."""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image
from PIL.Image import Transpose

from pipeline.core.errors import BadInput
from pipeline.core.files import regular

MODES = {1: "L", 3: "RGB"}
BROKEN = (OSError, SyntaxError, ValueError, TypeError, EOFError, OverflowError, struct.error, Image.DecompressionBombError)
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What sets a picture upright, by its EXIF orientation; ImageOps.exif_transpose also writes the EXIF anew, which odd but
readable ones do not survive."""


def read_picture(file: Path | BinaryIO, where: str, mode: str | None = None) -> Image.Image:
    """The picture in `file`, upright as its EXIF says, with 8 bits a channel, in Pillow's `mode`; without one, in L if it is
    grey, else in RGB.

    Raises BadInput that begins with `where` if it is no picture, or one of 32 bits a channel.
    """
    try:
        with Image.open(regular(file) if isinstance(file, Path) else file) as picture:
            picture.load()
            turn = TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
            narrow = _eight_bit(picture)
            upright = narrow if turn is None else narrow.transpose(turn)
            return upright.convert(mode or ("L" if Image.getmodebase(upright.mode) == "L" else "RGB"))
    except BROKEN as error:
        raise BadInput(f"{where} is not a picture ({' '.join(str(error).split())[:120]}): repair or remove it") from None


def square(file: Path | BinaryIO, size: int, channels: int, where: str, crop: int | None = None) -> np.ndarray:
    """The picture in `file` as (channels, size, size) uint8: squashed, not cropped (bilinear); colour becomes grey by
    its luma, grey becomes colour by three equal channels.

    crop: the side, in pixels, of the central square that alone is used; a side that is shorter stays whole.
    Raises BadInput as `read_picture` does.
    """
    picture = _central(read_picture(file, where, MODES[channels]), crop)
    pixels = np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR))
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _eight_bit(picture: Image.Image) -> Image.Image:
    """16-bit grey scaled to 8, where Pillow's `convert` clips all above 255 to white; 16-bit colour it scales itself."""
    if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format in ("PNG", "PPM")):
        return Image.fromarray(((np.asarray(picture).astype(np.int64) + 128) // 257).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise ValueError("32 bits a channel, expected 8 or 16")
    return picture


def _central(picture: Image.Image, crop: int | None) -> Image.Image:
    if crop is None:
        return picture
    (left, top), (width, height) = (
        [max(0, side - crop) // 2 for side in picture.size],
        [min(side, crop) for side in picture.size],
    )
    return picture.crop((left, top, left + width, top + height))
