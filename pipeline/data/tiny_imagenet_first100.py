"""The first hundred classes of Tiny-ImageNet (64 x 64 colour; non-commercial research only), as the papers use it."""

from pathlib import Path

from pipeline.data.folders import first_classes, train_and_test
from pipeline.data.images import Images

PART_OF = "tiny_imagenet"


def load(folder: Path) -> tuple[Images, Images]:
    """From a Parquet folder `tiny_imagenet_first100`, or the first half of one with all 200 classes,
    `tiny_imagenet`."""
    if (folder / "tiny_imagenet").exists() and not (folder / "tiny_imagenet_first100").exists():
        train, test = train_and_test(folder / "tiny_imagenet", None, "")
        return first_classes(train, 100), first_classes(test, 100)
    return train_and_test(
        folder / "tiny_imagenet_first100",
        None,
        "Set SAC_DATA to a folder with it, or with tiny_imagenet, as Hugging Face lays it out.",
    )
