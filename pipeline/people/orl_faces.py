"""The ORL Database of Faces (Samaria and Harter, 1994; credit to AT&T Laboratories Cambridge): 40 people, ten grey photographs
each of 92 x 112 pixels, squashed to squares.
"""

from pathlib import Path

from pipeline.data.images import Images
from pipeline.people.reading import read_people


def load(folder: Path, size: int, channels: int, most: int | None = None) -> Images:
    """From `orl_faces`: Parquet, or the database's own folders s1 to s40."""
    return read_people(folder / "orl_faces", size, channels, most)
