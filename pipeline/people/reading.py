"""Pictures of people, from Parquet or from a folder for each person, decoded one at a time and made small at once."""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from pipeline.core.errors import BadInput
from pipeline.data.folders import parquet_split, read_encoded
from pipeline.data.images import Images
from pipeline.data.pictures import MODES, square

SUFFIXES = (".jpg", ".jpeg", ".png", ".pgm", ".webp")
HALF = 0.5


def read_people(home: Path, size: int, channels: int, most: int | None, crop: int | None = None) -> Images:
    """Everybody in `home`: a Parquet folder as Hugging Face lays it out (all its splits), else a folder for each person."""
    files = parquet_split(home, "*")
    return _from_parquet(home, files, size, channels, most, crop) if files else read_folders(home, size, channels, most, crop)


def read_folders(home: Path, size: int, channels: int, most: int | None, crop: int | None = None) -> Images:
    """Everybody with a picture in home/PERSON/, in the order of their names. Hidden files are passed over."""
    if not home.is_dir():
        raise BadInput(
            f"no faces: looked for {home}/PERSON/*.jpg (or png, pgm, webp). Set SAC_DATA to a folder that holds "
            f"{home.name}: a folder for each person, or Parquet as Hugging Face lays it out."
        )
    people = {
        person.name: sorted(
            file for file in person.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
        )
        for person in sorted(home.iterdir())
        if person.is_dir() and not person.name.startswith(".")
    }
    return gather(home, people, lambda file: (str(file), file), size, channels, most, crop)


def gather(
    home: Path,
    people: Mapping[str, Sequence[Any]],
    read: Callable[[Any], tuple[str, Path | BinaryIO]],
    size: int,
    channels: int,
    most: int | None,
    crop: int | None = None,
) -> Images:
    """The pictures of `people` (name -> what `read` turns into a picture's place, for errors, and its file).

    Images of (N, channels, size, size), person by person; labels are people; `crop` as for `square`. Mean and std are
    one half, as InsightFace normalises: every owner's model takes the same input.
    Raises BadInput if nobody has a picture, if they do not fit into memory, or for a picture that does not open.
    """
    if channels not in MODES or size < 1 or (most is not None and most < 1):
        raise BadInput(
            f"{home}: faces of {size} pixels with {channels} channels of {most} people asked for, expected 1 or "
            "more pixels, 1 or 3 channels, 1 or more people"
        )
    people = _most_pictured(people, most)
    if not people:
        raise BadInput(
            f"{home}: nobody in it has a picture; expected {home.name}/PERSON/*.jpg, or Parquet or RecordIO as "
            "their makers lay them out"
        )
    labels = np.repeat(np.arange(len(people)), [len(pictures) for pictures in people.values()])
    try:
        images = np.empty((len(labels), channels, size, size), np.uint8)
    except MemoryError:
        raise BadInput(
            f"{home}: {len(labels):,} pictures of {size} x {size} do not fit into memory: ask for fewer people "
            f"(`most`, now {most or 'everybody'}) or smaller pictures"
        ) from None
    for place, picture in enumerate(picture for pictures in people.values() for picture in pictures):
        where, file = read(picture)
        images[place] = square(file, size, channels, where, crop)
    return Images(images, labels, tuple(people), (HALF,) * channels, (HALF,) * channels)


def _most_pictured(people: Mapping[str, Sequence[Any]], most: int | None) -> dict[str, Sequence[Any]]:
    """Those with a picture, in their order; of them the `most` with the most pictures, the first where that is even."""
    pictured = {name: pictures for name, pictures in people.items() if len(pictures)}
    chosen = set(sorted(pictured, key=lambda name: -len(pictured[name]))[:most])
    return {name: pictures for name, pictures in pictured.items() if name in chosen}


def _from_parquet(home: Path, files: list[Path], size: int, channels: int, most: int | None, crop: int | None) -> Images:
    encoded, labels, names = read_encoded(files)
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(names):
        raise BadInput(f"{home}: labels must lie in 0..{len(names) - 1}, found {labels.min()}..{labels.max()}")
    rows: list[Any] = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels, minlength=len(names)))[:-1])
    return gather(
        home,
        dict(zip(names, rows, strict=True)),
        lambda row: (f"{home}: row {row}", io.BytesIO(encoded[row])),
        size,
        channels,
        most,
        crop,
    )
