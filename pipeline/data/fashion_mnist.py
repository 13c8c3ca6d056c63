"""FashionMNIST (Xiao et al., 2017; MIT): 60,000 + 10,000 grey images of 28 x 28 in ten classes."""

from pathlib import Path

from pipeline.data.folders import from_torchvision, read_idx, share_normalisation, train_and_test
from pipeline.data.images import Images

CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
HOLDS = {"train": 60_000, "test": 10_000, "classes": 10}


def load(folder: Path) -> tuple[Images, Images]:
    """From idx files (Debian's package, or where torchvision put them), a Parquet folder, or torchvision's
    download."""
    for home in (folder / "fashion_mnist", folder / "FashionMNIST" / "raw", DEBIAN):
        if (home / "train-images-idx3-ubyte.gz").exists():
            return share_normalisation(
                *(
                    read_idx(home / f"{part}-images-idx3-ubyte.gz", home / f"{part}-labels-idx1-ubyte.gz", CLASSES)
                    for part in ("train", "t10k")
                )
            )
    return train_and_test(
        folder / "fashion_mnist",
        lambda _: from_torchvision("FashionMNIST", folder),
        f"Install Debian's dataset-fashion-mnist (looked in {DEBIAN}) or set SAC_DATA.",
    )
