"""An owner's pictures: from a folder, class folders, Parquet, this pipeline's files or torchvision, told what is odd about
them.

Nothing is dropped silently: what cannot be a probe is counted, named and told in one line.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.cases.saying import brief
from pipeline.core.errors import BadInput
from pipeline.data.folders import from_torchvision, read_parquet
from pipeline.data.images import Images, from_arrays, load_images
from pipeline.data.pictures import read_picture, square

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
UNLABELLED = ("picture",)


@dataclass(frozen=True)
class Pictures:
    """Pictures of one size, each once and none blank: images, the name of each, whether labels mean anything, and what is
    told.
    """

    images: Images
    names: tuple[str, ...]
    labelled: bool
    remarks: tuple[str, ...]


def read_pictures(place: str, size: int | None = None) -> Pictures:
    """The pictures at `place`: a folder, a .parquet file or folder, a .safetensors file of this pipeline, or
    torchvision:NAME[:FOLDER].

    size: pictures are squashed to squares of so many pixels; without it they must have one size. Raises BadInput.
    """
    images, names, labelled = _read(place, size)
    return sifted(place, images, names, labelled)


def pixel_hashes(images: np.ndarray) -> list[str]:
    """SHA-256 of the pixels of every image (N, C, H, W): of C, H and W as text, then the bytes, row by row."""
    head = "x".join(map(str, images.shape[1:])).encode()
    return [hashlib.sha256(head + np.ascontiguousarray(image).tobytes()).hexdigest() for image in images]


def _read(place: str, size: int | None) -> tuple[Images, tuple[str, ...], bool]:
    path = Path(place)
    if place.startswith("torchvision:"):
        _, kind, *folder = place.split(":", 2)
        images = _from_torchvision(kind, Path(folder[0] if folder else "."))
    elif path.suffix == ".safetensors":
        images = load_images(path)
    elif path.suffix == ".parquet" or (path.is_dir() and any(_parquet(path))):
        images = read_parquet([path] if path.is_file() else _parquet(path))
    elif path.is_dir():
        return _read_folder(path, size)
    else:
        raise BadInput(
            f"{place}: no pictures there; expected a folder of pictures, a Parquet file of the Hub's layout, or "
            "torchvision:NAME"
        )
    if size is not None and images.images.shape[2:] != (size, size):
        images = from_arrays(resized(images.images, size, images.images.shape[1]), images.labels, images.classes)
    return images, tuple(f"{place}#{row}" for row in range(len(images))), True


def _from_torchvision(kind: str, folder: Path) -> Images:
    import torchvision.datasets

    if not isinstance(getattr(torchvision.datasets, kind, None), type):
        raise BadInput(f"torchvision:{kind}: torchvision has no data set of this name")
    try:
        return from_torchvision(kind, folder)[1]
    except (OSError, RuntimeError, TypeError, AttributeError, ValueError) as error:
        raise BadInput(
            f"torchvision:{kind}: cannot be had ({brief(error)}); expected a set with `train` "
            "and `download`, such as FashionMNIST or CIFAR10"
        ) from None


def _parquet(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.parquet"), *folder.glob("data/*.parquet")])


def _read_folder(folder: Path, size: int | None) -> tuple[Images, tuple[str, ...], bool]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix.lower() in ENDINGS)
    if not files:
        raise BadInput(f"{folder}: no pictures in it, expected files ending in {', '.join(ENDINGS[:3])} or the like")
    parts = [file.relative_to(folder).parts for file in files]
    labelled = all(len(part) == 2 for part in parts)
    classes = tuple(sorted({part[0] for part in parts})) if labelled else UNLABELLED
    labels = np.array([classes.index(part[0]) if labelled else 0 for part in parts], np.int64)
    channels = 1 if all(read_picture(file, str(file)).mode == "L" for file in files) else 3
    arrays = [_pixels(file, size, channels) for file in files]
    sizes = {array.shape[1:] for array in arrays}
    if len(sizes) > 1:
        odd = next(file for file, array in zip(files, arrays, strict=True) if array.shape != arrays[0].shape)
        raise BadInput(
            f"{folder}: pictures of {len(sizes)} sizes ({odd.name} is not as large as {files[0].name}); "
            "give --size N to squash all to N x N pixels"
        )
    return from_arrays(np.stack(arrays), labels, classes), tuple("/".join(part) for part in parts), labelled


def _pixels(file: Path, size: int | None, channels: int) -> np.ndarray:
    if size is not None:
        return square(file, size, channels, str(file))
    array = np.asarray(read_picture(file, str(file), "L" if channels == 1 else "RGB"))
    return array[None] if channels == 1 else np.ascontiguousarray(array.transpose(2, 0, 1))


def resized(images: np.ndarray, size: int | None, channels: int) -> np.ndarray:
    """images (N, C, H, W) uint8 as (N, channels, size, size): bilinear; grey becomes colour by equal channels, colour grey
    by luma. Without a size they stay H x W.
    """
    from PIL import Image

    sides = images.shape[2:] if size is None else (size, size)

    def one(image: np.ndarray) -> np.ndarray:
        picture = Image.fromarray(image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0)))
        picture = picture.convert("L" if channels == 1 else "RGB")
        if picture.size != sides[::-1]:
            picture = picture.resize(sides[::-1], Image.Resampling.BILINEAR)
        array = np.asarray(picture)
        return array[None] if channels == 1 else array.transpose(2, 0, 1)

    if images.shape[1:] == (channels, *sides):
        return images
    return np.stack([one(image) for image in images])


def sifted(place: str, images: Images, names: tuple[str, ...] | None = None, labelled: bool = True) -> Pictures:
    """Pictures without those that are blank or repeat an earlier one, and a remark on each kind of what was left out."""
    names = names or tuple(f"{place}#{row}" for row in range(len(images)))
    hashes, remarks = pixel_hashes(images.images), []
    first: dict[str, int] = {}
    for row, digest in enumerate(hashes):
        first.setdefault(digest, row)
    twice = [row for row, digest in enumerate(hashes) if first[digest] != row]
    flat = images.images.reshape(len(images), -1)
    blank = [row for row in first.values() if len(flat[row]) and flat[row].min() == flat[row].max()]
    for rows, what in ((twice, "are the same as an earlier one"), (blank, "are blank")):
        if rows:
            remarks.append(
                f"{place}: {len(rows)} of {len(images)} pictures {what} and are left out, the first is {names[rows[0]]}"
            )
    kept = np.setdiff1d(np.arange(len(images)), [*twice, *blank])
    return Pictures(images.take(kept), tuple(names[row] for row in kept), labelled, tuple(remarks))
