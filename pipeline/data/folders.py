"""Where image sets come from: Parquet folders as Hugging Face lays them out, idx files, torchvision's downloads."""

import gzip
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.errors import BadInput
from pipeline.core.files import regular
from pipeline.data.images import Images, from_arrays
from pipeline.data.pictures import read_picture

IMAGE = ("image", "img")
LABEL = ("label", "fine_label")


def read_parquet(files: list[Path]) -> Images:
    """Images of Parquet files with columns image {bytes, path} and label (or the Hub's names for them); class names
    from the schema's metadata. Grey pictures among coloured ones become three equal channels.

    Raises BadInput, naming file and row, for an image that does not open or has another size than the first.
    """
    encoded, labels, classes = read_encoded(files)
    return from_arrays(_decode(encoded, files[0].parent), labels, classes)


def read_encoded(files: list[Path]) -> tuple[list[bytes], np.ndarray, tuple[str, ...]]:
    """The image files inside such Parquet files, not decoded; their labels (N,); the class names."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        image, label = (_column(pq.read_schema(regular(files[0])), names) for names in (IMAGE, LABEL))
        tables = [pq.read_table(regular(file), columns=[image, label]) for file in files]
        classes = _class_names(tables[0].schema, label, files[0])
        encoded = [bytes(row["bytes"] or b"") for table in tables for row in table[image].to_pylist()]
        labels = np.concatenate([table[label].to_numpy() for table in tables])
        if labels.dtype.kind not in "iu":
            raise ValueError(f"expected whole numbers in column {label}, found {labels.dtype}")
    except (pa.ArrowException, KeyError, TypeError, ValueError, OSError) as error:
        raise BadInput(f"{files[0].parent}: not a Hugging Face image folder: {' '.join(str(error).split())}") from None
    return encoded, labels, classes


def parquet_split(folder: Path, split: str) -> list[Path]:
    """The files of one split of a Parquet folder, in order; empty if there are none."""
    return sorted([*folder.glob(f"{split}-*.parquet"), *folder.glob(f"data/{split}-*.parquet")])


def share_normalisation(train: Images, test: Images) -> tuple[Images, Images]:
    """Both sets with the mean and std of the training images: a model knows no others."""
    if train.classes != test.classes:
        raise BadInput(f"training and test images have other classes: {train.classes} and {test.classes}")
    return train, Images(test.images, test.labels, test.classes, train.mean, train.std)


def train_and_test(
    folder: Path, download: Callable[[Path], tuple[Images, Images]] | None, advice: str
) -> tuple[Images, Images]:
    """Training and test images of a Parquet folder; without one, what `download` fetches. `advice` says how to get it."""
    train, test = parquet_split(folder, "train"), parquet_split(folder, "test") or parquet_split(folder, "valid")
    if train and test:
        return share_normalisation(read_parquet(train), read_parquet(test))
    if download and os.environ.get("SAC_DOWNLOAD", "1") != "0":
        try:
            return share_normalisation(*download(folder))
        except (OSError, RuntimeError) as error:
            raise BadInput(
                f"no images: looked for {folder}/train-*.parquet and test-*.parquet, and the download failed "
                f"({' '.join(str(error).split())[:120]}). {advice}"
            ) from None
    raise BadInput(f"no images: looked for {folder}/train-*.parquet and test-*.parquet. {advice}")


def parquet_or_torchvision(name: str, folder: Path) -> tuple[Images, Images]:
    """The set that torchvision calls `name`: from a Parquet folder of that name in small letters, else its download."""
    home = name.lower()
    advice = f"Set SAC_DATA to a folder that holds {home} as Hugging Face lays it out."
    return train_and_test(folder / home, lambda own: from_torchvision(name, own), advice)


def from_torchvision(name: str, folder: Path) -> tuple[Images, Images]:
    """The training and test images of the data set that torchvision calls `name` and downloads, kept in `folder`."""
    import torchvision.datasets

    def half(train: bool) -> Images:
        data = getattr(torchvision.datasets, name)(folder, train=train, download=True)
        pixels = np.asarray(data.data)
        pixels = pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2)
        return from_arrays(np.ascontiguousarray(pixels), np.asarray(data.targets), tuple(data.classes))

    return half(True), half(False)


def read_idx(images: Path, labels: Path, classes: tuple[str, ...]) -> Images:
    """Images of a pair of gzipped idx files (LeCun's MNIST format): grey, one byte a pixel."""
    try:
        pixels, answers = _idx(images, dimensions=3), _idx(labels, dimensions=1)
    except (OSError, EOFError, ValueError) as error:
        raise BadInput(f"{images}: not an idx file ({error})") from None
    return from_arrays(pixels[:, None], answers, classes)


def first_classes(data: Images, count: int) -> Images:
    """The images of the first `count` classes, normalised as before."""
    kept = data.take(data.labels < count)
    return Images(kept.images, kept.labels, data.classes[:count], data.mean, data.std)


def _idx(path: Path, dimensions: int) -> np.ndarray:
    with gzip.open(regular(path)) as file:
        data = file.read()
    if data[:4] != bytes([0, 0, 8, dimensions]):
        raise ValueError(f"starts with {data[:4].hex()}, expected 000008{dimensions:02x}")
    shape = np.frombuffer(data, ">u4", dimensions, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape).copy()


def _column(schema: Any, names: tuple[str, ...]) -> str:
    found = [name for name in names if name in schema.names]
    if not found:
        raise KeyError(f"expected a column {' or '.join(names)}, found {', '.join(schema.names)}")
    return found[0]


def _class_names(schema: Any, label: str, file: Path) -> tuple[str, ...]:
    try:
        about = json.loads(schema.metadata[b"huggingface"])
        return tuple(about["info"]["features"][label]["names"])
    except (KeyError, TypeError, ValueError):
        raise BadInput(f"{file}: no class names in the schema's metadata (info.features.{label}.names)") from None


def _decode(encoded: list[bytes], where: Path) -> np.ndarray:
    if not encoded:
        raise BadInput(f"{where}: no images in it")
    pictures = [np.asarray(read_picture(io.BytesIO(data), f"{where}: row {row}")) for row, data in enumerate(encoded)]
    for row, picture in enumerate(pictures):
        if picture.shape[:2] != pictures[0].shape[:2]:
            raise BadInput(
                f"{where}: row {row} is {_size(picture)} pixels, the first image {_size(pictures[0])}: sizes must agree"
            )
    if any(picture.ndim == 3 for picture in pictures):
        coloured = [picture if picture.ndim == 3 else np.stack([picture] * 3, axis=-1) for picture in pictures]
        return np.ascontiguousarray(np.stack(coloured).transpose(0, 3, 1, 2))
    return np.stack(pictures)[:, None]


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]} x {picture.shape[0]}"
