"""FER2013 (Goodfellow et al., 2013): grey faces of 48 x 48 pixels with seven emotions, a stand-in for KDEF.

The set's second part, `val` (the challenge's public test), counts as test images beside `test`, since no model here
is picked by it. FER2013 repeats images, within its parts and across them: each is used once, and a training image
never as a test image.
"""

from pathlib import Path

from pipeline.core.errors import BadInput
from pipeline.data.folders import parquet_split, read_parquet, share_normalisation
from pipeline.data.images import Images, from_arrays


def load(folder: Path) -> tuple[Images, Images]:
    """From a Parquet folder `fer2013` with splits train, test and, if there is one, val. There is no download."""
    home = folder / "fer2013"
    train, test = parquet_split(home, "train"), parquet_split(home, "test")
    if not (train and test):
        raise BadInput(
            f"no images: looked for {home}/train-*.parquet and test-*.parquet. "
            "Set SAC_DATA to a folder that holds fer2013 as Hugging Face lays it out."
        )
    seen: set[bytes] = set()
    return share_normalisation(*(_unseen(read_parquet(part), seen) for part in (train, test + parquet_split(home, "val*"))))


def _unseen(data: Images, seen: set[bytes]) -> Images:
    """The images that are not among `seen`, each once; they join `seen`."""
    kept = []
    for place, image in enumerate(data.images):
        if (pixels := image.tobytes()) not in seen:
            seen.add(pixels)
            kept.append(place)
    return from_arrays(data.images[kept], data.labels[kept], data.classes)
