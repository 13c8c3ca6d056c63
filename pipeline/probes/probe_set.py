"""A set of probes of one method, and the file that holds a family's sets so that a person can open it."""

import io
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.errors import BadInput
from pipeline.core.files import replacing, write_bytes
from pipeline.core.seal import Origin, check_files, file_digest, read_sealed, write_sealed
from pipeline.data.images import Images
from pipeline.tasks.task import Verification

if TYPE_CHECKING:
    import pandas as pd

UNTARGETED = -1
ACROSS = 20
GAP = 2
EXAMPLES_EACH = 10
ALL, EXAMPLES, GALLERY, FACTS = "probes.parquet", "examples.parquet", "gallery.parquet", "facts.json"
PAIR = ("different", "same")
"""What a model answers to a pair of pictures: who is on them."""


@dataclass(frozen=True)
class ProbeSet:
    """Probes of one method.

    images (P, C, H, W) uint8, as a real API would be sent; labels (P,) int64, the true classes; index (P,) int64, the
    held-out images they were made from; targets (P,) int64, the class that a copy is expected to answer, or -1 for the
    source's answer; facts about how they were made, for the report.

    For face verification a probe is shown beside n pictures: beside (P, n) int64 are their places in gallery
    (G, C, H, W) uint8, which the sets of a family share. With one of them the answer is a class of PAIR, the true one
    the label; with more it is a feature of n bits (SAC-JC, Eq. 6) and the label the person's.
    """

    method: str
    images: np.ndarray
    labels: np.ndarray
    index: np.ndarray
    targets: np.ndarray
    facts: dict[str, float] = field(default_factory=dict)
    beside: np.ndarray | None = None
    gallery: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the numbers of an answer are, where they are not the classes of the model that is asked."""
        if self.beside is None:
            return ()
        count = self.beside.shape[1]
        return PAIR if count == 1 else tuple(f"picture {place}" for place in range(count))

    def shown(self) -> tuple[np.ndarray, np.ndarray]:
        """`beside` and `gallery` of probes for face verification."""
        if self.beside is None or self.gallery is None:
            raise BadInput(f"{self.method}: expected probes that are shown beside pictures, found none")
        return self.beside, self.gallery


@dataclass(frozen=True)
class DefenderModels:
    """The model files that a defender may use to make probes. For face verification, also the people that he calibrates
    with, and the task's own numbers."""

    source: Path
    surrogates: tuple[Path, ...] = ()
    references: tuple[Path, ...] = ()
    calibration: Images | None = None
    verification: Verification | None = None

    @property
    def gallery(self) -> int:
        """How many pictures a face probe is shown beside; BadInput where the task is not face verification."""
        if self.verification is None:
            raise BadInput("probes of faces: expected a task with `verification`, found one without")
        return self.verification.gallery

    def calibrating(self) -> tuple[Images, Verification]:
        """The people that a defender calibrates with, and how; BadInput where the task is not face verification."""
        if self.calibration is None or self.verification is None:
            raise BadInput("pairs of faces: expected people to calibrate with, found none")
        return self.calibration, self.verification


def probe_set(
    method: str, images: np.ndarray, labels: np.ndarray, index: np.ndarray, targets: np.ndarray | None = None, **facts: float
) -> ProbeSet:
    """A ProbeSet without targets of its own, unless they are given."""
    targets = np.full(len(images), UNTARGETED) if targets is None else targets
    return ProbeSet(method, images, labels, index, targets, facts)


def pair_set(
    method: str,
    images: np.ndarray,
    labels: np.ndarray,
    index: np.ndarray,
    beside: np.ndarray,
    gallery: np.ndarray,
    **facts: float,
) -> ProbeSet:
    """A ProbeSet for face verification: each probe is shown `beside` the pictures at (P, n) places in the gallery."""
    return replace(probe_set(method, images, labels, index, None, **facts), beside=beside, gallery=gallery)


def sharing(sets: list[ProbeSet]) -> list[ProbeSet]:
    """Sets that refer to one gallery, with those pictures alone that any of them refers to."""
    places, (gallery, *_) = zip(*(probes.shown() for probes in sets), strict=True)
    used = np.unique(np.concatenate([beside.ravel() for beside in places]))
    return [
        replace(probes, beside=np.searchsorted(used, beside), gallery=gallery[used])
        for probes, beside in zip(sets, places, strict=True)
    ]


def save_probes(sets: list[ProbeSet], folder: Path, of: Origin | None = None) -> None:
    """Write all probes, the first ten of each method apart, the facts, and a contact sheet METHOD.png for each method.

    probes.parquet and examples.parquet hold PNG images in the Hugging Face layout, without rows where a family has no
    probes for a task; gallery.parquet the pictures that probes are shown beside. facts.json holds no image: it may go
    where images may not. It says what the probes were made from, and lists the SHA-256 of all other files.
    """
    _write(folder / ALL, sets, None)
    _write(folder / EXAMPLES, sets, EXAMPLES_EACH)
    if sets and sets[0].gallery is not None:
        _write_rows(folder / GALLERY, [_picture(image, f"gallery-{place}") for place, image in enumerate(sets[0].gallery)])
    for probes in sets:
        write_bytes(folder / f"{probes.method}.png", _png(contact_sheet(probes.images)))
    names = [
        ALL,
        EXAMPLES,
        *([GALLERY] if sets and sets[0].gallery is not None else []),
        *(f"{probes.method}.png" for probes in sets),
    ]
    write_sealed(
        folder / FACTS,
        {
            "methods": {probes.method: {"probes": len(probes), "facts": probes.facts} for probes in sets},
            "files": {name: file_digest(folder / name) for name in names},
        },
        of or {},
    )


def _write(file: Path, sets: list[ProbeSet], most: int | None) -> None:
    _write_rows(
        file,
        [
            {
                **_picture(image, f"{probes.method}-{place}"),
                "method": probes.method,
                "probe": place,
                "label": int(probes.labels[place]),
                "index": int(probes.index[place]),
                "target": int(probes.targets[place]),
                **({} if probes.beside is None else {"beside": probes.beside[place].tolist()}),
            }
            for probes in sets
            for place, image in enumerate(probes.images[:most])
        ],
    )


def _picture(image: np.ndarray, name: str) -> dict[str, Any]:
    return {"image": {"bytes": _png(image), "path": f"{name}.png"}}


def _write_rows(file: Path, rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = ("image", "method", "probe", "label", "index", "target")
    table = pa.Table.from_pylist(rows) if rows else pa.table({name: pa.nulls(0) for name in columns})
    with replacing(file) as scratch:
        pq.write_table(table, scratch, compression="zstd")


def load_facts(folder: Path) -> dict[str, dict[str, Any]]:
    """By method: how many `probes` there are, and the `facts` that their maker tells."""
    return _facts(folder)["methods"]


def _facts(folder: Path) -> dict[str, dict[str, Any]]:
    raw = read_sealed(folder / FACTS)
    if not all(isinstance(raw.get(name), dict) for name in ("methods", "files")):
        raise BadInput(f"{folder / FACTS}: expected methods and files, found {', '.join(raw) or 'nothing'}")
    return raw


def load_probes(folder: Path) -> list[ProbeSet]:
    """The sets that `save_probes` wrote, in their order."""
    facts, sets = load_facts(folder), _read(folder, ALL)
    gallery = _images(_table(folder, GALLERY)) if sets and sets[0].beside is not None else None
    return [replace(probes, facts=facts[probes.method]["facts"], gallery=gallery) for probes in sets]


def load_examples(folder: Path) -> list[ProbeSet]:
    """The first ten probes of each method, without facts and gallery."""
    return _read(folder, EXAMPLES)


def _read(folder: Path, name: str) -> list[ProbeSet]:
    sets, table = [], _table(folder, name)
    if missing := {"image", "method", "label", "index", "target"} - set(table.columns):
        raise BadInput(f"{folder / name}: no column {min(missing)}: not a file of probes")
    for method, rows in table.groupby("method", sort=False):
        beside = np.stack(list(rows["beside"])).astype(np.int64) if "beside" in rows else None
        labels, index, targets = (rows[column].to_numpy(np.int64) for column in ("label", "index", "target"))
        sets.append(ProbeSet(str(method), _images(rows), labels, index, targets, beside=beside))
    return sets


def _table(folder: Path, name: str) -> "pd.DataFrame":
    import pyarrow.parquet as pq

    from pipeline.core.parquet import reading

    check_files(folder, _facts(folder)["files"], [name])
    file = folder / name
    with reading(file, "a file of probes"):
        return pq.read_table(file).to_pandas()


def _images(rows: "pd.DataFrame") -> np.ndarray:
    return np.stack([_pixels(image["bytes"]) for image in rows["image"]])


def contact_sheet(images: np.ndarray) -> np.ndarray:
    """All images (N, C, H, W) side by side, twenty to a row, on white: (C, H', W') uint8."""
    count, channels, height, width = images.shape
    rows = -(-count // ACROSS)
    sheet = np.full((channels, rows * (height + GAP) + GAP, ACROSS * (width + GAP) + GAP), 255, np.uint8)
    for place, image in enumerate(images):
        row, column = divmod(place, ACROSS)
        top, left = GAP + row * (height + GAP), GAP + column * (width + GAP)
        sheet[:, top : top + height, left : left + width] = image
    return sheet


def _png(image: np.ndarray) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(file, "PNG")
    return file.getvalue()


def _pixels(data: bytes) -> np.ndarray:
    from PIL import Image

    pixels = np.asarray(Image.open(io.BytesIO(data)))
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
