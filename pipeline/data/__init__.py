"""Data sets: one file each, `load(folder)` -> training and test Images; `split` deals them out to defender and attacker.

`folder` is where a user keeps image sets (the setting SAC_DATA); a set that is not there is downloaded by torchvision
where its terms allow, or refused in one line that says where it was looked for. A set of one's own needs no file: a folder
with a folder for each class. Where a file has them, HOLDS says how much there is, so that too large a split is found early,
and PART_OF names the larger set that its images come from.
"""

import os
from pathlib import Path
from typing import Any

from pipeline.core.errors import BadInput, unknown
from pipeline.core.names import known, module
from pipeline.data.images import Images


def load(name: str) -> tuple[Images, Images]:
    """The training and the test images of data set `name`, which share classes and normalisation."""
    found: tuple[Images, Images] = (
        module("data", name).load(data_folder())
        if name in known("data")
        else _class_folders().read_class_folders(data_folder() / name)
    )
    return found


def check_data(name: str) -> None:
    """Raise BadInput, with the nearest known name, if there is neither a file nor a folder for data set `name`."""
    if name not in known("data") and not _class_folders().is_class_folder(data_folder() / name):
        raise BadInput(
            f"pipeline/data: {unknown('name', name, known('data'))}; nor is {data_folder() / name} a folder with a "
            "folder of pictures for each class"
        )


def data_folder() -> Path:
    """Where a user keeps image sets."""
    return Path(os.environ.get("SAC_DATA", "data")).expanduser()


def _class_folders() -> Any:
    from importlib import import_module

    return import_module("pipeline.data.class_folders")
