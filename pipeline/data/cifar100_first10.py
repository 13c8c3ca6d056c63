"""The first ten labels of CIFAR-100 (Krizhevsky, 2009), to which the papers transfer their CIFAR-10 models."""

from pathlib import Path

from pipeline.data.folders import first_classes, from_torchvision, train_and_test
from pipeline.data.images import Images

HOLDS = {"train": 5_000, "test": 1_000, "classes": 10}
PART_OF = "cifar100"


def load(folder: Path) -> tuple[Images, Images]:
    """From a Parquet folder `cifar100_first10` or `cifar100`, else torchvision's download of CIFAR-100."""
    name = "cifar100_first10" if (folder / "cifar100_first10").exists() else "cifar100"
    train, test = train_and_test(
        folder / name,
        lambda home: from_torchvision("CIFAR100", home),
        "Set SAC_DATA to a folder that holds cifar100 as Hugging Face lays it out.",
    )
    return first_classes(train, 10), first_classes(test, 10)
