"""Faces whose label is a person: one file each, `load(folder, size, channels, most)` -> Images of everybody in the set;
`dealing` deals the people, not the images, out to defender and attacker.

`folder` is the setting SAC_DATA, as for data sets. Nothing is downloaded: the sets' terms, or their makers, do not let it.
"""

from pipeline.core.names import module
from pipeline.data import data_folder
from pipeline.data.images import Images


def load(name: str, size: int, channels: int, most: int | None = None) -> Images:
    """The faces of set `name`, `size` x `size` pixels with 1 or 3 channels; of the `most` people with the most pictures."""
    faces: Images = module("people", name).load(data_folder(), size, channels, most)
    return faces


def check_people(name: str) -> None:
    """Raise BadInput, with the nearest known name, if there is no set of faces `name`."""
    module("people", name)
