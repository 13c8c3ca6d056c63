"""A set of probes of one kind, and the file that holds a family's sets so that a person can open it."""

import io
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pipeline.errors import BadInput
from pipeline.files import read_json, replacing, write_bytes, write_json

UNTARGETED = -1
ACROSS = 20
GAP = 2
EXAMPLES_EACH = 10
ALL, EXAMPLES, FACTS = "probes.parquet", "examples.parquet", "facts.json"


@dataclass(frozen=True)
class ProbeSet:
    """Probes of one kind.

    images (P, C, H, W) uint8, as a real API would be sent; labels (P,) int64, the true classes; index (P,) int64, the
    held-out images they were made from; targets (P,) int64, the class that a copy is expected to answer, or -1 for the
    source's answer; facts about how they were made, for the report.
    """

    kind: str
    images: np.ndarray
    labels: np.ndarray
    index: np.ndarray
    targets: np.ndarray
    facts: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class DefenderModels:
    """The model files that a defender may use to make probes."""

    source: Path
    surrogates: tuple[Path, ...] = ()
    references: tuple[Path, ...] = ()


def probe_set(kind: str, images: np.ndarray, labels: np.ndarray, index: np.ndarray,
              targets: np.ndarray | None = None, **facts: float) -> ProbeSet:
    """A ProbeSet without targets of its own, unless they are given."""
    targets = np.full(len(images), UNTARGETED) if targets is None else targets
    return ProbeSet(kind, images, labels, index, targets, facts)


def save_probes(sets: list[ProbeSet], folder: Path) -> None:
    """Write all probes, the first ten of each kind apart, the facts, and a contact sheet KIND.png for each kind.

    probes.parquet and examples.parquet hold PNG images in the Hugging Face layout, without rows where a family has no
    probes for a task. facts.json holds no image: it may go where images may not.
    """
    write_json(folder / FACTS, {probes.kind: {"probes": len(probes), "facts": probes.facts} for probes in sets})
    _write(folder / ALL, sets, None)
    _write(folder / EXAMPLES, sets, EXAMPLES_EACH)
    for probes in sets:
        write_bytes(folder / f"{probes.kind}.png", _png(contact_sheet(probes.images)))


def _write(file: Path, sets: list[ProbeSet], most: int | None) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"image": {"bytes": _png(image), "path": f"{probes.kind}-{place}.png"}, "kind": probes.kind, "probe": place,
             "label": int(probes.labels[place]), "index": int(probes.index[place]), "target": int(probes.targets[place])}
            for probes in sets for place, image in enumerate(probes.images[:most])]
    columns = ("image", "kind", "probe", "label", "index", "target")
    table = pa.Table.from_pylist(rows) if rows else pa.table({name: pa.nulls(0) for name in columns})
    with replacing(file) as scratch:
        pq.write_table(table, scratch, compression="zstd")


def load_facts(folder: Path) -> dict[str, dict]:
    """By kind: how many `probes` there are, and the `facts` that their maker tells."""
    return read_json(folder / FACTS)


def load_probes(folder: Path) -> list[ProbeSet]:
    """The sets that `save_probes` wrote, in their order."""
    facts = load_facts(folder)
    return [replace(probes, facts=facts[probes.kind]["facts"]) for probes in _read(folder / ALL)]


def load_examples(folder: Path) -> list[ProbeSet]:
    """The first ten probes of each kind, without facts."""
    return _read(folder / EXAMPLES)


def _read(file: Path) -> list[ProbeSet]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file).to_pandas()
    except (FileNotFoundError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{file}: cannot be read ({' '.join(str(error).split())[:120]})") from None
    sets = []
    for kind, rows in table.groupby("kind", sort=False):
        images = np.stack([_pixels(image["bytes"]) for image in rows["image"]])
        sets.append(ProbeSet(str(kind), images, *(rows[name].to_numpy(np.int64) for name in ("label", "index", "target"))))
    return sets


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
