"""CIFAR-100 (Krizhevsky, 2009): the NeurIPS appendix' Table 4. 50,000 + 10,000 colour images in a hundred classes."""

from pathlib import Path

from pipeline.data.folders import parquet_or_torchvision
from pipeline.data.images import Images

HOLDS = {"train": 50_000, "test": 10_000, "classes": 100}


def load(folder: Path) -> tuple[Images, Images]:
    """From a Parquet folder `cifar100`, else torchvision's download."""
    return parquet_or_torchvision("CIFAR100", folder)
