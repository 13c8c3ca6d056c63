"""A set of probes of one kind, and the file that holds a family's sets so that a person can open it."""

import io
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.benchmark import Verification
from pipeline.data.images import Images
from pipeline.errors import BadInput
from pipeline.files import read_json, replacing, write_bytes, write_json

UNTARGETED = -1
ACROSS = 20
GAP = 2
EXAMPLES_EACH = 10
ALL, EXAMPLES, GALLERY, FACTS = "probes.parquet", "examples.parquet", "gallery.parquet", "facts.json"
PAIR = ("different", "same")
"""What a model answers to a pair of pictures: who is on them."""


@dataclass(frozen=True)
class ProbeSet:
    """Probes of one kind.

    images (P, C, H, W) uint8, as a real API would be sent; labels (P,) int64, the true classes; index (P,) int64, the
    held-out images they were made from; targets (P,) int64, the class that a copy is expected to answer, or -1 for the
    source's answer; facts about how they were made, for the report.

    For face verification a probe is shown beside n pictures: references (P, n) int64 are their places in gallery
    (G, C, H, W) uint8, which the sets of a family share. With one reference the answer is a class of PAIR, the true one
    the label; with more it is a feature of n bits (SAC-JC, Eq. 6) and the label the person's.
    """

    kind: str
    images: np.ndarray
    labels: np.ndarray
    index: np.ndarray
    targets: np.ndarray
    facts: dict[str, float] = field(default_factory=dict)
    references: np.ndarray | None = None
    gallery: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the numbers of an answer are, where they are not the classes of the model that is asked."""
        if self.references is None:
            return ()
        count = self.references.shape[1]
        return PAIR if count == 1 else tuple(f"reference {place}" for place in range(count))


@dataclass(frozen=True)
class DefenderModels:
    """The model files that a defender may use to make probes. For face verification, also the people that he calibrates
    with, and the task's own numbers."""

    source: Path
    surrogates: tuple[Path, ...] = ()
    references: tuple[Path, ...] = ()
    calibration: Images | None = None
    verification: Verification | None = None


def probe_set(kind: str, images: np.ndarray, labels: np.ndarray, index: np.ndarray,
              targets: np.ndarray | None = None, **facts: float) -> ProbeSet:
    """A ProbeSet without targets of its own, unless they are given."""
    targets = np.full(len(images), UNTARGETED) if targets is None else targets
    return ProbeSet(kind, images, labels, index, targets, facts)


def pair_set(kind: str, images: np.ndarray, labels: np.ndarray, index: np.ndarray, beside: np.ndarray,
             gallery: np.ndarray, **facts: float) -> ProbeSet:
    """A ProbeSet for face verification: each probe is shown `beside` the pictures at (P, n) places in the gallery."""
    return replace(probe_set(kind, images, labels, index, **facts), references=beside, gallery=gallery)


def sharing(sets: list[ProbeSet]) -> list[ProbeSet]:
    """Sets that refer to one gallery, with those pictures alone that any of them refers to."""
    used = np.unique(np.concatenate([probes.references.ravel() for probes in sets]))
    gallery = sets[0].gallery[used]
    return [replace(probes, references=np.searchsorted(used, probes.references), gallery=gallery) for probes in sets]


def save_probes(sets: list[ProbeSet], folder: Path) -> None:
    """Write all probes, the first ten of each kind apart, the facts, and a contact sheet KIND.png for each kind.

    probes.parquet and examples.parquet hold PNG images in the Hugging Face layout, without rows where a family has no
    probes for a task; gallery.parquet the pictures that probes are shown beside. facts.json holds no image: it may go
    where images may not.
    """
    write_json(folder / FACTS, {probes.kind: {"probes": len(probes), "facts": probes.facts} for probes in sets})
    _write(folder / ALL, sets, None)
    _write(folder / EXAMPLES, sets, EXAMPLES_EACH)
    if sets and sets[0].gallery is not None:
        _write_rows(folder / GALLERY, [_picture(image, f"gallery-{place}") for place, image in enumerate(sets[0].gallery)])
    for probes in sets:
        write_bytes(folder / f"{probes.kind}.png", _png(contact_sheet(probes.images)))


def _write(file: Path, sets: list[ProbeSet], most: int | None) -> None:
    _write_rows(file, [
        {**_picture(image, f"{probes.kind}-{place}"), "kind": probes.kind, "probe": place, "label": int(probes.labels[place]),
         "index": int(probes.index[place]), "target": int(probes.targets[place]),
         **({} if probes.references is None else {"references": probes.references[place].tolist()})}
        for probes in sets for place, image in enumerate(probes.images[:most])])


def _picture(image: np.ndarray, name: str) -> dict:
    return {"image": {"bytes": _png(image), "path": f"{name}.png"}}


def _write_rows(file: Path, rows: list[dict]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = ("image", "kind", "probe", "label", "index", "target")
    table = pa.Table.from_pylist(rows) if rows else pa.table({name: pa.nulls(0) for name in columns})
    with replacing(file) as scratch:
        pq.write_table(table, scratch, compression="zstd")


def load_facts(folder: Path) -> dict[str, dict]:
    """By kind: how many `probes` there are, and the `facts` that their maker tells."""
    return read_json(folder / FACTS)


def load_probes(folder: Path) -> list[ProbeSet]:
    """The sets that `save_probes` wrote, in their order."""
    facts, sets = load_facts(folder), _read(folder / ALL)
    gallery = _images(_table(folder / GALLERY)) if sets and sets[0].references is not None else None
    return [replace(probes, facts=facts[probes.kind]["facts"], gallery=gallery) for probes in sets]


def load_examples(folder: Path) -> list[ProbeSet]:
    """The first ten probes of each kind, without facts and gallery."""
    return _read(folder / EXAMPLES)


def _read(file: Path) -> list[ProbeSet]:
    sets = []
    for kind, rows in _table(file).groupby("kind", sort=False):
        references = np.stack(rows["references"]).astype(np.int64) if "references" in rows else None
        numbers = (rows[name].to_numpy(np.int64) for name in ("label", "index", "target"))
        sets.append(ProbeSet(str(kind), _images(rows), *numbers, references=references))
    return sets


def _table(file: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(file).to_pandas()
    except (FileNotFoundError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{file}: cannot be read ({' '.join(str(error).split())[:120]})") from None


def _images(rows: pd.DataFrame) -> np.ndarray:
    return np.stack([_pixels(image["bytes"]) for image in rows["image"]])


def contact_sheet(images: np.ndarray) -> np.ndarray:
    """All images (N, C, H, W) side by side, twenty to a row, on white: (C, H', W') uint8."""
    count, channels, height, width = images.shape
    rows = -(-count // ACROSS)
    sheet = np.full((channels, rows * (height + GAP) + GAP, ACROSS * (width + GAP) + GAP), 255, np.uint8)
    for place, image in enumerate(images):
        row, column = divmod(place, ACROSS)
        top, left = GAP + row * (height + GAP), GAP + column * (width + GAP)
        sheet[:, top:top + height, left:left + width] = image
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
