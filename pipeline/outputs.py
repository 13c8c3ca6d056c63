"""Suspects' answers in Parquet: the border between the side that needs torch and the side that does not.

One row for each suspect and probe: task, attack, arch, seed, variant, suspect, probes (their kind), probe (its
place), label (true), target (expected of a copy), output (raw logits, rounded to steps of 1/128: less than half the
bytes; benchmarks/RESULTS.md says what that moves). The suspects' class names are in the schema's metadata. The source
is the suspect of attack `source`.

In face verification suspects decide on pairs and tell no classes: an output is of 0 and 1, one number for each of the
columns of its kind of probes, which are in the metadata too.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import BadInput
from pipeline.files import replacing

SOURCE = "source"
SUSPECT = ["attack", "arch", "seed", "variant", "suspect"]
CLASSES, COLUMNS = b"sac_classes", b"sac_columns"
STEP = 1 / 128
TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema([("task", TEXT), ("attack", TEXT), ("arch", TEXT), ("seed", pa.int32()), ("variant", TEXT),
                    ("suspect", TEXT), ("probes", TEXT), ("probe", pa.int32()), ("label", pa.int32()),
                    ("target", pa.int32()), ("output", pa.list_(pa.float32()))])


@dataclass(frozen=True)
class Answers:
    """What all models answered to the probes of one kind.

    suspects: a frame with the columns of SUSPECT, one row a model, and `logits` in the same order: (P, classes)
    float32 each. The source's own logits, the probes' true labels (P,) and targets (P,), and every suspect's class
    names, or for probes with columns of their own those.
    """

    kind: str
    source: np.ndarray
    source_classes: tuple[str, ...]
    suspects: pd.DataFrame
    logits: list[np.ndarray]
    classes: list[tuple[str, ...]]
    labels: np.ndarray
    targets: np.ndarray

    def groups(self) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
        """Suspects that can be stacked: (places in `suspects`, logits (S, P, classes), whether they have the source's
        classes)."""
        for classes in dict.fromkeys(self.classes):
            places = np.flatnonzero([own == classes for own in self.classes])
            yield places, np.stack([self.logits[place] for place in places]), classes == self.source_classes


def write_outputs(path: Path, task: str, blocks: Iterable[tuple[dict, tuple[str, ...], list]]) -> None:
    """Write all answers; without blocks, a file without rows.

    A block: a suspect (the fields of SUSPECT), its class names, and (probe set, logits) for each kind.
    Raises BadInput, naming the suspect, where logits do not fit the probes or are not finite.
    """
    tables, classes, columns = [], {}, {}
    for suspect, names, answers in blocks:
        classes[suspect["suspect"]] = list(names)
        for probes, logits in answers:
            _check(suspect["suspect"], probes.kind, logits, len(probes), len(probes.columns or names))
            columns |= {probes.kind: probes.columns} if probes.columns else {}
            tables.append(_table(task, suspect, probes, logits))
    table = pa.concat_tables([SCHEMA.empty_table(), *tables]).unify_dictionaries()
    about = {CLASSES: json.dumps(classes)} | ({COLUMNS: json.dumps(columns)} if columns else {})
    with replacing(path) as scratch:
        pq.write_table(table.replace_schema_metadata(about), scratch, compression="zstd", compression_level=19,
                       use_dictionary=[name for name in SCHEMA.names if name != "output"],
                       column_encoding={"output.list.element": "BYTE_STREAM_SPLIT"})


def read_outputs(path: Path) -> list[Answers]:
    """All answers by kind. Raises BadInput, naming the suspect, for missing rows, mixed widths, NaN or infinite
    values."""
    try:
        table = pq.read_table(path)
        classes = json.loads(table.schema.metadata[CLASSES])
        columns = json.loads(table.schema.metadata.get(COLUMNS, "{}"))
        frame = table.drop_columns(["output"]).to_pandas()
        lengths = table["output"].combine_chunks().value_lengths().to_numpy(zero_copy_only=False)
        values = table["output"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; `dvc repro` makes it") from None
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: not a file of outputs ({' '.join(str(error).split())[:160]})") from None
    frame["width"] = lengths
    frame["start"] = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    return [_answers(path, str(kind), rows, values,
                     {suspect: columns.get(kind, names) for suspect, names in classes.items()})
            for kind, rows in frame.groupby("probes", sort=False, observed=True)]


def _table(task: str, suspect: dict, probes, logits: np.ndarray) -> pa.Table:
    count, width = logits.shape
    fixed = {"task": task, **{name: suspect[name] for name in SUSPECT}, "probes": probes.kind}
    columns = {name: pa.array([value] * count, SCHEMA.field(name).type) for name, value in fixed.items()}
    numbers = {"probe": np.arange(count), "label": probes.labels, "target": probes.targets}
    columns |= {name: pa.array(value, pa.int32()) for name, value in numbers.items()}
    offsets = pa.array(np.arange(0, count * width + 1, width), pa.int32())
    rounded = np.round(logits / STEP) * STEP
    columns["output"] = pa.ListArray.from_arrays(offsets, pa.array(rounded.astype(np.float32).ravel()))
    return pa.table(columns, schema=SCHEMA)


def _check(suspect: str, kind: str, logits: np.ndarray, probes: int, classes: int) -> None:
    if logits.shape != (probes, classes):
        raise BadInput(f"{suspect}: answers {logits.shape} to {probes} probes of kind {kind!r} with {classes} classes")
    if not np.isfinite(logits).all():
        raise BadInput(f"{suspect}: NaN or infinite answers to probes of kind {kind!r}")


def _answers(path: Path, kind: str, rows: pd.DataFrame, values: np.ndarray, classes: dict) -> Answers:
    models, logits, labels = [], [], None
    for suspect, own in rows.groupby("suspect", sort=False, observed=True):
        if suspect not in classes:
            raise BadInput(f"{path}: {suspect} has no class names")
        about = own[["probe", "label", "target"]].to_numpy()
        if labels is None:
            labels = about
        if len(about) != len(labels):
            raise BadInput(f"{path}: {suspect} answered {len(about)} probes of kind {kind!r}, expected {len(labels)}")
        if (about != labels).any() or (about[:, 0] != np.arange(len(about))).any():
            raise BadInput(f"{path}: {suspect} answered other probes of kind {kind!r} than the first suspect")
        if own["width"].nunique() != 1:
            raise BadInput(f"{path}: {suspect} gave answers of mixed widths: {sorted(own['width'].unique())}")
        width = int(own["width"].iloc[0])
        own_logits = values[own["start"].to_numpy()[:, None] + np.arange(width)]
        _check(f"{path}: {suspect}", kind, own_logits, len(labels), len(classes[suspect]))
        models.append(own[SUSPECT].iloc[0].to_dict())
        logits.append(own_logits)
    frame = pd.DataFrame(models).astype({name: str for name in SUSPECT if name != "seed"})
    sources = np.flatnonzero(frame["attack"] == SOURCE)
    if len(sources) != 1:
        raise BadInput(f"{path}: expected the answers of one source to {kind!r}, found {len(sources)}")
    names = [tuple(classes[suspect]) for suspect in frame["suspect"]]
    others = [place for place in range(len(frame)) if place != sources[0]]
    return Answers(kind, logits[sources[0]], names[sources[0]], frame.iloc[others].reset_index(drop=True),
                   [logits[place] for place in others], [names[place] for place in others],
                   labels[:, 1].astype(np.int64), labels[:, 2].astype(np.int64))
