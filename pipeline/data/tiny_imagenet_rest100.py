"""The other hundred classes of Tiny-ImageNet, to which the papers transfer (64 x 64 colour; non-commercial research
only)."""

from pathlib import Path

import numpy as np

from pipeline.data.folders import train_and_test
from pipeline.data.images import Images

PART_OF = "tiny_imagenet"


def load(folder: Path) -> tuple[Images, Images]:
    """From a Parquet folder `tiny_imagenet_rest100`, or the second half of one with all 200 classes,
    `tiny_imagenet`."""
    if (folder / "tiny_imagenet").exists() and not (folder / "tiny_imagenet_rest100").exists():
        train, test = train_and_test(folder / "tiny_imagenet", None, "")
        return _last_hundred(train), _last_hundred(test)
    return train_and_test(
        folder / "tiny_imagenet_rest100",
        None,
        "Set SAC_DATA to a folder with it, or with tiny_imagenet, as Hugging Face lays it out.",
    )


def _last_hundred(data: Images) -> Images:
    kept = data.take(np.flatnonzero(data.labels >= 100))
    return Images(kept.images, kept.labels - 100, data.classes[100:], data.mean, data.std)
