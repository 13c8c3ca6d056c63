"""CIFAR-10 (Krizhevsky, 2009): 50,000 + 10,000 colour images of 32 x 32 in ten classes."""

from pathlib import Path

from pipeline.data.folders import from_torchvision, train_and_test
from pipeline.data.images import Images

HOLDS = {"train": 50_000, "test": 10_000, "classes": 10}


def load(folder: Path) -> tuple[Images, Images]:
    """From a Parquet folder `cifar10`, else torchvision's download."""
    return train_and_test(
        folder / "cifar10",
        lambda home: from_torchvision("CIFAR10", home),
        "Set SAC_DATA to a folder that holds cifar10 as Hugging Face lays it out.",
    )
