"""CIFAR-100 (Krizhevsky, 2009): the NeurIPS appendix' Table 4. 50,000 + 10,000 colour images in a hundred classes."""

from pathlib import Path

from pipeline.data.folders import from_torchvision, train_and_test
from pipeline.data.images import Images

HOLDS = {"train": 50_000, "test": 10_000, "classes": 100}


def load(folder: Path) -> tuple[Images, Images]:
    """From a Parquet folder `cifar100`, else torchvision's download."""
    return train_and_test(
        folder / "cifar100",
        lambda home: from_torchvision("CIFAR100", home),
        "Set SAC_DATA to a folder that holds cifar100 as Hugging Face lays it out.",
    )
