"""LFW, Labeled Faces in the Wild (Huang et al., 2007): 13,233 colour photographs of 5,749 people, 158 of them with ten or
more. A stand-in for MS1MV2 and CASIA-WebFace.

The central CROP x CROP pixels are used. That is the face and little else in the deep-funneled photographs of 250 x 250,
and all of a copy that was cut to 128 x 128: eyes 42 pixels apart, a third of the width, as in InsightFace's 112 x 112.
"""

from pathlib import Path

from pipeline.data.images import Images
from pipeline.people.reading import read_people

CROP = 128


def load(folder: Path, size: int, channels: int, most: int | None = None) -> Images:
    """From `lfw`: Parquet, or LFW's own folder for each person."""
    return read_people(folder / "lfw", size, channels, most, CROP)
