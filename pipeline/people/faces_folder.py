"""Anybody's faces, cropped and upright: a folder for each person with that person's pictures."""

from pathlib import Path

from pipeline.data.images import Images
from pipeline.people.reading import read_folders


def load(folder: Path, size: int, channels: int, most: int | None = None) -> Images:
    """From `faces_folder/PERSON/*.jpg` (or png, pgm, webp), squashed to squares."""
    return read_folders(folder / "faces_folder", size, channels, most)
