"""MS1MV2 (Deng et al., ArcFace, 2019; InsightFace's `faces_emore`): 5.8 million faces of 85,742 people, 112 x 112 pixels. The
defender's data in the papers' face verification. All of it takes 218 GB as pixels: ask for `most` people.
"""

from pathlib import Path

from pipeline.data.images import Images
from pipeline.people.recordio import read_pack


def load(folder: Path, size: int, channels: int, most: int | None = None) -> Images:
    """From `ms1mv2/train.rec` and `train.idx`."""
    return read_pack(folder / "ms1mv2", size, channels, most)
