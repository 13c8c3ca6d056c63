"""KDEF, the Karolinska Directed Emotional Faces (Lundqvist, Flykt and Öhman, 1998; kdef.se, for research, not to be
passed on): 4,900 colour photographs, 70 people x 2 sessions x 7 emotions x 5 angles.

As SAC-JC's authors use it: the label is the emotion, photographs whose mean pixel is 30 or less are dropped (12), the
other 4,888 are squashed without looking for the face; of them 600 a class (300 a half) train, and the rest, 688, tests.
So the same people are on both sides; `kdef_by_person` keeps them apart. Unlike theirs, 40 a class of the rest are training
images too, for the defender's surrogates, which leaves 408 to test; the shuffle is seeded, the channels are RGB, and
photographs are SIZE pixels wide instead of 256.
"""

import re
from pathlib import Path

import numpy as np

from pipeline.core.errors import BadInput
from pipeline.data.folders import share_normalisation
from pipeline.data.images import Images, from_arrays
from pipeline.data.pictures import square

SIZE = 48
DARK = 30
TRAIN = 640
EMOTIONS = {"AF": "afraid", "AN": "angry", "DI": "disgusted", "HA": "happy", "NE": "neutral", "SA": "sad", "SU": "surprised"}
NAME = re.compile(rf"[AB](?P<person>[FM]\d\d)(?P<emotion>{'|'.join(EMOTIONS)})(FL|HL|S|HR|FR)")
MISNAMED = {"AF31V": "AF31SAHL", "AM31H": "AM31SUHR"}  # two files of the set itself


def load(folder: Path) -> tuple[Images, Images]:
    """From `KDEF/AF01/AF01AFS.JPG` and so on, or all of them in one folder `KDEF`. There is no download."""
    images, labels, _ = read_photographs(folder / "KDEF")
    draw, train = np.random.default_rng(0), np.zeros(len(labels), bool)
    for label, emotion in enumerate(EMOTIONS.values()):
        own = np.flatnonzero(labels == label)
        if len(own) <= TRAIN:
            raise BadInput(
                f"{folder / 'KDEF'}: {len(own)} {emotion} faces, expected more than {TRAIN} ({TRAIN} to train, the "
                "rest to test): unpack all of KDEF there"
            )
        train[draw.permutation(own)[:TRAIN]] = True
    return train_and_rest(images, labels, train)


def read_photographs(home: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Photographs (N, 3, SIZE, SIZE) uint8 in the order of their files' names, emotions (N,) and people (N,) such as F01,
    whatever the session. Dark ones are left out.

    Raises BadInput, naming the file, for one that has another name than KDEF's, comes twice, or does not open.
    """
    images, labels, people = [], [], []
    for name, file in sorted(_files(home).items()):
        about, image = NAME.fullmatch(name), square(file, SIZE, 3, str(file))
        if about and image.mean() > DARK:
            images.append(image)
            labels.append(list(EMOTIONS).index(about["emotion"]))
            people.append(about["person"])
    if not images:
        raise BadInput(f"{home}: every photograph in it is dark (mean pixel of {DARK} or less): unpack KDEF anew")
    return np.stack(images), np.array(labels), np.array(people)


def train_and_rest(images: np.ndarray, labels: np.ndarray, train: np.ndarray) -> tuple[Images, Images]:
    """The photographs where the mask `train` (N,) holds, and the others, normalised like them."""
    return share_normalisation(*(from_arrays(images[part], labels[part], tuple(EMOTIONS.values())) for part in (train, ~train)))


def _files(home: Path) -> dict[str, Path]:
    """KDEF's files by what they should be named, without their ending."""
    files: dict[str, Path] = {}
    for file in sorted(home.rglob("*")):
        if file.suffix.lower() in (".jpg", ".jpeg") and not file.name.startswith("."):
            name = MISNAMED.get(file.stem.upper(), file.stem.upper())
            if not NAME.fullmatch(name):
                raise BadInput(
                    f"{file}: not a name of KDEF's: expected one like AF01AFS.JPG (session A or B, gender F or M, "
                    f"two digits, emotion {' '.join(EMOTIONS)}, angle FL HL S HR FR): rename or remove it"
                )
            if name in files:
                raise BadInput(f"{file}: the same photograph as {files[name]}: remove one of them")
            files[name] = file
    if not files:
        raise BadInput(
            f"no images: looked for {home}/AF01/AF01AFS.JPG and the like. Set SAC_DATA to a folder that holds KDEF "
            "(kdef.se, on request), unpacked."
        )
    return files
