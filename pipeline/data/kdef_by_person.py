"""KDEF (see kdef.py), tested on people that are not trained on: does a fingerprint depend on known faces?

Of either gender 32 people in 35 train, 64 of the 70: as many photographs as `kdef` has, but for dark ones, 640 a class.
Six people test, with 420 photographs.
"""

from pathlib import Path

import numpy as np

from pipeline.core.errors import BadInput
from pipeline.data.images import Images
from pipeline.data.kdef import read_photographs, train_and_rest

PART_OF = "kdef"


def load(folder: Path) -> tuple[Images, Images]:
    """From the folder `KDEF`, as for `kdef`. Both sessions of a person are on the same side."""
    images, labels, people = read_photographs(folder / "KDEF")
    draw, everybody, chosen = np.random.default_rng(0), np.unique(people), []
    for gender in "FM":
        own = [person for person in everybody if person.startswith(gender)]
        chosen += draw.permutation(own)[: len(own) * 32 // 35].tolist()
    if not 0 < len(chosen) < len(everybody):
        raise BadInput(
            f"{folder / 'KDEF'}: {len(everybody)} people, too few to test on others than to train on: unpack all of KDEF there"
        )
    return train_and_rest(images, labels, np.isin(people, chosen))
