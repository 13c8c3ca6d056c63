"""Anybody's images: a folder for each class with that class's pictures, of any size.

    NAME/CLASS/*.png                   every third picture of a class, by name, is a test image
    NAME/train/CLASS/*.png, NAME/test/CLASS/*.png

A task names such a folder of SAC_DATA as its `data`, and needs no file here.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.core.errors import BadInput
from pipeline.data.folders import share_normalisation
from pipeline.data.images import Images, from_arrays
from pipeline.data.pictures import BROKEN, square

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".webp")
GREY = ("1", "L", "I;16", "I;16B")
LARGEST = 64
"""The side, in pixels, of what becomes of larger pictures."""
TEST = 3
"""Without parts of its own, a set's every third picture is a test image."""


def is_class_folder(home: Path) -> bool:
    """Whether a folder holds pictures by class."""
    return any(_classes(part) for part in (home / "train", home))


def read_class_folders(home: Path) -> tuple[Images, Images]:
    """Training and test images: squares of the shortest side of all pictures, at most LARGEST pixels, grey where all are grey.

    Raises BadInput for a folder without pictures, for parts with other classes, and for a picture that does not open.
    """
    train, test = (_classes(home / part) for part in ("train", "test"))
    if not (train and test):
        everything = _classes(home)
        train = {
            name: [file for place, file in enumerate(files) if place % TEST != TEST - 1] for name, files in everything.items()
        }
        test = {name: files[TEST - 1 :: TEST] for name, files in everything.items()}
    if not train or list(train) != list(test):
        found = " and ".join(", ".join(part) or "none" for part in (train, test))
        raise BadInput(
            f"{home}: expected pictures in {home.name}/CLASS, or in {home.name}/train/CLASS and "
            f"{home.name}/test/CLASS with the same classes, found {found}"
        )
    size, channels = _form([file for part in (train, test) for files in part.values() for file in files])
    return share_normalisation(*(_decoded(part, size, channels) for part in (train, test)))


def _classes(home: Path) -> dict[str, list[Path]]:
    """The pictures of each class, by name; classes without one and hidden files are passed over."""
    folders = sorted(path for path in home.iterdir() if path.is_dir()) if home.is_dir() else []
    found = {
        folder.name: sorted(
            file
            for file in folder.iterdir()
            if file.suffix.lower() in SUFFIXES and file.is_file() and not file.name.startswith(".")
        )
        for folder in folders
    }
    return {name: files for name, files in found.items() if files}


def _form(files: list[Path]) -> tuple[int, int]:
    """The side and the channels that all pictures get."""
    side, channels = LARGEST, 1
    for file in files:
        try:
            with Image.open(file) as picture:
                side = min(side, *picture.size)
                channels = max(channels, 1 if picture.mode in GREY else 3)
        except BROKEN as error:
            raise BadInput(f"{file} is not a picture ({' '.join(str(error).split())[:120]}): repair or remove it") from None
    return side, channels


def _decoded(classes: dict[str, list[Path]], size: int, channels: int) -> Images:
    images = [square(file, size, channels, str(file)) for files in classes.values() for file in files]
    labels = np.repeat(np.arange(len(classes)), [len(files) for files in classes.values()])
    return from_arrays(np.stack(images), labels, tuple(classes))
