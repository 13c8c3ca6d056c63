"""The probes of a case as PNG files: what a person looks at, a court's expert sends, and every suspect is asked."""

from pathlib import Path

import numpy as np

from pipeline.cases.case import PROBES, Enrolment
from pipeline.cases.saying import brief
from pipeline.core.errors import BadInput
from pipeline.core.files import write_bytes
from pipeline.data.pictures import BROKEN


def probe_name(place: int) -> str:
    """The name of a probe's file."""
    return f"{place:03d}.png"


def write_probes(case: Path, images: np.ndarray) -> None:
    """Write probes (P, C, H, W) uint8, one PNG each."""
    from pipeline.cases.suspects.rest import encoded

    for place, image in enumerate(images):
        write_bytes(case / PROBES / probe_name(place), encoded(image, "png"))


def read_probe_files(case: Path, count: int) -> list[bytes]:
    """The bytes of every probe's file."""
    try:
        return [(case / PROBES / probe_name(place)).read_bytes() for place in range(count)]
    except FileNotFoundError as error:
        raise BadInput(f"{error.filename}: missing; the case is not whole") from None


def read_probes(case: Path, enrolment: Enrolment) -> np.ndarray:
    """The probes (P, C, H, W) uint8. Raises BadInput if one is no picture of the case's shape."""
    from PIL import Image

    channels, height, width = enrolment.shape
    images = []
    for place in range(enrolment.count):
        file = case / PROBES / probe_name(place)
        try:
            with Image.open(file) as picture:
                if picture.size != (width, height):
                    raise BadInput(f"{file}: {picture.width} x {picture.height} pixels, expected {width} x {height}")
                pixels = np.asarray(picture.convert("L" if channels == 1 else "RGB"))
        except BROKEN as error:
            raise BadInput(f"{file}: not a picture ({brief(error, 100)}); the case is not whole") from None
        images.append(pixels[None] if channels == 1 else pixels.transpose(2, 0, 1))
    return np.stack(images)
