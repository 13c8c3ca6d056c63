"""Faces whose label is a person: one file each, `load(folder, size, channels, most)` -> Images of everybody in the set;
`dealing` deals the people, not the images, out to defender and attacker.

`folder` is the setting SAC_DATA, as for data sets. Nothing is downloaded: the sets' terms, or their makers, do not let it.
"""

import os
from pathlib import Path

from pipeline.data.images import Images
from pipeline.names import module


def load(name: str, size: int, channels: int, most: int | None = None) -> Images:
    """The faces of set `name`, `size` x `size` pixels with 1 or 3 channels; of the `most` people with the most pictures."""
    return module("people", name).load(Path(os.environ.get("SAC_DATA", "data")), size, channels, most)
