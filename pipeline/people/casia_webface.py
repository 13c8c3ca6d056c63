"""CASIA-WebFace (Yi et al., 2014; InsightFace's `faces_webface_112x112`): half a million faces of 10,572 people, 112 x 112
pixels. The attacker's data in the papers' face verification. All of it takes 19 GB as pixels: ask for `most` people.
"""

from pathlib import Path

from pipeline.data.images import Images
from pipeline.people.recordio import read_pack


def load(folder: Path, size: int, channels: int, most: int | None = None) -> Images:
    """From `casia_webface/train.rec` and `train.idx`."""
    return read_pack(folder / "casia_webface", size, channels, most)
