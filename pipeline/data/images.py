"""Images: the one form in which pictures travel through the pipeline."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from pipeline.core.errors import BadInput
from pipeline.core.files import digest, write_bytes
from pipeline.core.seal import seal, stamp, verify


@dataclass(frozen=True)
class Images:
    """Labelled pictures of one size.

    images (N, C, H, W) uint8; labels (N,) int64, indices into `classes`; mean and std per channel in [0, 1], with
    which models trained on them normalise.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype != np.uint8:
            raise BadInput(f"images must be uint8 (N, C, H, W), found {self.images.dtype} {self.images.shape}")
        if self.labels.shape != self.images.shape[:1] or self.labels.dtype != np.int64:
            raise BadInput(f"labels must be int64 ({len(self.images)},), found {self.labels.dtype} {self.labels.shape}")
        if len(self) and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise BadInput(f"labels must lie in 0..{len(self.classes) - 1}, found {self.labels.min()}..{self.labels.max()}")

    def __len__(self) -> int:
        return len(self.images)

    def take(self, index: np.ndarray) -> "Images":
        """The images at `index`, with the same classes and normalisation."""
        return replace(self, images=np.ascontiguousarray(self.images[index]), labels=self.labels[index])

    def digest(self) -> str:
        """SHA-256 of everything that shapes a model trained on these images."""
        about = json.dumps([self.images.shape, self.classes, self.mean, self.std])
        return digest(about, np.ascontiguousarray(self.images).tobytes(), self.labels.tobytes())


def from_arrays(images: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]) -> Images:
    """Images whose mean and std are their own, rounded to four digits."""
    counts = np.stack([np.bincount(images[:, channel].ravel(), minlength=256) for channel in range(images.shape[1])])
    levels, pixels = np.arange(256) / 255, max(1, images[:, 0].size)
    mean = counts @ levels / pixels
    std = np.sqrt(np.maximum(counts @ levels**2 / pixels - mean**2, 1e-8))
    return Images(images, labels.astype(np.int64), tuple(classes), *(tuple(x.round(4).tolist()) for x in (mean, std)))


def save_images(data: Images, path: Path, task: str = "") -> None:
    """Write as sealed safetensors: the same images of the same task, at the same place, give the same bytes."""
    of = {"task": task, "set": place_of(path)}
    about = json.dumps({"seal": stamp(of), "classes": data.classes, "mean": data.mean, "std": data.std})
    arrays = {"images": np.ascontiguousarray(data.images), "labels": data.labels}
    write_bytes(path, seal(to_bytes(arrays, metadata={"sac": about})))


def place_of(path: Path) -> str:
    """Whose a set of images is and what it is for, which its place says: `attacker/transfer`."""
    return f"{path.parent.name}/{path.stem}"


def load_set(path: Path, task: str) -> Images:
    """The images of `task` at OWNER/NAME.safetensors; BadInput if those are another task's, or another set."""
    return load_images(path, task=task, set=place_of(path))


def load_images(path: Path, **expected: str) -> Images:
    """Read what `save_images` wrote, made from what is `expected`; BadInput for anything else."""
    verify(path, **expected)
    try:
        with safe_open(path, framework="np") as file:
            about = json.loads(file.metadata()["sac"])
            images, labels = file.get_tensor("images"), file.get_tensor("labels")
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: not an image file of this pipeline ({error})") from None
    return Images(images, labels, *(tuple(about[key]) for key in ("classes", "mean", "std")))
