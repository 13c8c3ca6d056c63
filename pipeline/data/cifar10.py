"""CIFAR-10 (Krizhevsky, 2009): 50,000 + 10,000 colour images of 32 x 32 in ten classes."""

from pathlib import Path

from pipeline.data.folders import parquet_or_torchvision
from pipeline.data.images import Images

HOLDS = {"train": 50_000, "test": 10_000, "classes": 10}


def load(folder: Path) -> tuple[Images, Images]:
    """From a Parquet folder `cifar10`, else torchvision's download."""
    return parquet_or_torchvision("CIFAR10", folder)
