"""Suspects' answers in Parquet: the border between the side that needs torch and the side that does not.

One row for each suspect and probe: task, attack, arch, seed, variant, suspect, method (of the probes), probe (its
place), label (true), target (expected of a copy), output (raw logits, rounded to steps of 1/128: less than half the
bytes; benchmarks/RESULTS.md says what that moves). The suspects' class names are in the schema's metadata, a list or
the name of the suspect that has the same. The source is the suspect of attack `source`.

In face verification suspects decide on pairs and tell no classes: an output is of 0 and 1, one number for each of the
columns of its method of probes, which are in the metadata too.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.errors import BadInput
from pipeline.core.files import replacing, write_bytes
from pipeline.core.parquet import reading
from pipeline.core.seal import Origin, seal, seal_file, stamp, verify

SOURCE = "source"
SUSPECT = ["attack", "arch", "seed", "variant", "suspect"]
CLASSES, COLUMNS, SEAL = b"sac_classes", b"sac_columns", b"sac_seal"
STEP = 1 / 128
GROUP = 1 << 23
"""Numbers in a group of rows, 32 MB: what is written at once, and about what must be read at once."""
TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("task", TEXT),
        ("attack", TEXT),
        ("arch", TEXT),
        ("seed", pa.int32()),
        ("variant", TEXT),
        ("suspect", TEXT),
        ("method", TEXT),
        ("probe", pa.int32()),
        ("label", pa.int32()),
        ("target", pa.int32()),
        ("output", pa.list_(pa.float32())),
    ]
)
PRESSED = {"compression": "zstd", "compression_level": 19}


@dataclass(frozen=True)
class Answers:
    """What all models answered to the probes of one method.

    suspects: a frame with the columns of SUSPECT, one row a model, and `logits` in the same order: (P, classes)
    float32 each. The source's own logits, the probes' true labels (P,) and targets (P,), and every suspect's class
    names, or for probes with columns of their own those.
    """

    method: str
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


def write_outputs(
    path: Path,
    task: str,
    blocks: Iterable[tuple[dict[str, Any], tuple[str, ...], list[tuple[Any, np.ndarray]]]],
    of: Origin | None = None,
) -> None:
    """Write all answers, sealed; without blocks, a file without rows. of: what they were made from, besides the task.

    A block: a suspect (the fields of SUSPECT), its class names, and (probe set, logits) for each method.
    Raises BadInput, naming the suspect, where logits do not fit the probes or are not finite.
    """
    classes: dict[str, list[str] | str] = {}
    first: dict[tuple[str, ...], str] = {}
    columns: dict[str, list[str]] = {}

    def about() -> dict[bytes, bytes]:
        return {CLASSES: json.dumps(classes).encode()} | ({COLUMNS: json.dumps(columns).encode()} if columns else {})

    def tables() -> Iterator[pa.Table]:
        yield SCHEMA.empty_table()
        for suspect, names, answers in blocks:
            name = first.setdefault(names, suspect["suspect"])
            classes[suspect["suspect"]] = list(names) if name == suspect["suspect"] else name
            for probes, logits in answers:
                _check(suspect["suspect"], probes.method, logits, len(probes), len(probes.columns or names))
                columns.update({probes.method: probes.columns} if probes.columns else {})
                yield _table(task, suspect, probes, logits)

    write_tables(
        path,
        tables(),
        {"task": task} | (of or {}),
        about,
        use_dictionary=[name for name in SCHEMA.names if name != "output"],
        column_encoding={"output.list.element": "BYTE_STREAM_SPLIT"},
    )


def write_tables(
    path: Path, tables: Iterable[pa.Table], of: Origin, about: Callable[[], dict[bytes, bytes]] = dict, **options: Any
) -> None:
    """Write tables of one schema as one sealed Parquet file; what does not fit into memory at once is written as it comes.

    about: what to add to the metadata, asked for after the last table. The same content gives the same bytes. options: those
    of pyarrow's writer.
    """
    groups = _groups(tables)
    first, more = next(groups), next(groups, None)
    if more is None:
        write_table(path, first.replace_schema_metadata((first.schema.metadata or {}) | about()), of, **options)
        return
    with replacing(path) as scratch:
        with pq.ParquetWriter(scratch, first.schema, **PRESSED, **options) as writer:
            for group in (first, more, *groups):
                writer.write_table(group)
            writer.add_key_value_metadata(about() | {SEAL: stamp(of).encode()})
        seal_file(scratch)


def write_table(path: Path, table: pa.Table, of: Origin, **options: Any) -> None:
    """Write a table as sealed Parquet: the same content gives the same bytes. options: those of pyarrow's writer."""
    about = (table.schema.metadata or {}) | {SEAL: stamp(of).encode()}
    data = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(about), data, **PRESSED, **options)
    write_bytes(path, seal(data.getvalue().to_pybytes()))


def _groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The tables, put together until they are as large as a group of rows."""
    held: list[pa.Table] = []
    size = 0
    for table in tables:
        if size >= 4 * GROUP:
            yield pa.concat_tables(held).unify_dictionaries()
            held, size = [], 0
        held.append(table)
        size += table.nbytes
    yield pa.concat_tables(held).unify_dictionaries()


def read_outputs(path: Path, **expected: str) -> list[Answers]:
    """All answers by method, made from what is `expected`.

    Raises BadInput, naming the suspect, for missing rows, mixed widths, NaN or infinite values.
    """
    verify(path, **expected)
    with readable(path):
        table, (classes, columns) = pq.read_table(path), names_in(path)
    return answers_in(path, table, classes, columns)


def readable(path: Path) -> AbstractContextManager[None]:
    """What goes wrong in reading `path` is told in one line."""
    return reading(path, "a file of outputs")


def names_in(path: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Every suspect's class names, and the columns of methods that have their own, from a file's metadata."""
    metadata = pq.read_metadata(path).metadata or {}
    return _names(metadata[CLASSES]), _names(metadata.get(COLUMNS, b"{}"))


def _names(text: bytes) -> dict[str, list[str]]:
    found = json.loads(text)
    if isinstance(found, dict):
        found = {key: found.get(own) if isinstance(own, str) else own for key, own in found.items()}
    lists = found.values() if isinstance(found, dict) else [None]
    if not all(isinstance(own, list) and all(isinstance(name, str) for name in own) for own in lists):
        raise ValueError("expected lists of names in its metadata")
    return found  # type: ignore[no-any-return] # as just checked


def answers_in(path: Path, table: pa.Table, classes: dict[str, list[str]], columns: dict[str, list[str]]) -> list[Answers]:
    """The answers in rows of a file, by method. They must hold the source's."""
    for name in table.column_names:
        if table[name].null_count:
            raise BadInput(f"{path}: column {name} has empty cells")
    with readable(path):
        frame = table.drop_columns(["output"]).to_pandas()
        outputs = table["output"].combine_chunks()
        lengths = outputs.value_lengths().to_numpy(zero_copy_only=False)
        values = outputs.flatten().to_numpy(zero_copy_only=False)
    frame["width"] = lengths
    frame["start"] = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    return [
        _answers(path, str(method), rows, values, {suspect: columns.get(method, names) for suspect, names in classes.items()})
        for method, rows in frame.groupby("method", sort=False, observed=True)
    ]


def _table(task: str, suspect: dict[str, Any], probes: Any, logits: np.ndarray) -> pa.Table:
    count, width = logits.shape
    fixed = {"task": task, **{name: suspect[name] for name in SUSPECT}, "method": probes.method}
    columns = {name: pa.array([value] * count, SCHEMA.field(name).type) for name, value in fixed.items()}
    numbers = {"probe": np.arange(count), "label": probes.labels, "target": probes.targets}
    columns |= {name: pa.array(value, pa.int32()) for name, value in numbers.items()}
    offsets = pa.array(np.arange(0, count * width + 1, width), pa.int32())
    rounded = np.round(logits / STEP) * STEP
    columns["output"] = pa.ListArray.from_arrays(offsets, pa.array(rounded.astype(np.float32).ravel()))
    return pa.table(columns, schema=SCHEMA)


def _check(suspect: str, method: str, logits: np.ndarray, probes: int, classes: int) -> None:
    if logits.shape != (probes, classes):
        raise BadInput(f"{suspect}: answers {logits.shape} to {probes} probes of method {method!r} with {classes} classes")
    if not np.isfinite(logits).all():
        raise BadInput(f"{suspect}: NaN or infinite answers to probes of method {method!r}")


def _answers(path: Path, method: str, rows: pd.DataFrame, values: np.ndarray, classes: dict[str, list[str]]) -> Answers:
    codes, suspects = pd.factorize(rows["suspect"])  # in the order in which they first stand there
    rows = rows.iloc[np.argsort(codes, kind="stable")]
    about, widths, starts = rows[["probe", "label", "target"]].to_numpy(), rows["width"].to_numpy(), rows["start"].to_numpy()
    ends = np.cumsum(np.bincount(codes))
    firsts = np.concatenate([[0], ends[:-1]])
    labels = about[: ends[0]]
    logits = []
    for suspect, first, end in zip(map(str, suspects), firsts, ends, strict=True):
        if suspect not in classes:
            raise BadInput(f"{path}: {suspect} has no class names")
        if end - first != len(labels):
            raise BadInput(f"{path}: {suspect} answered {end - first} probes of method {method!r}, expected {len(labels)}")
        if (about[first:end] != labels).any() or (about[first:end, 0] != np.arange(len(labels))).any():
            raise BadInput(f"{path}: {suspect} answered other probes of method {method!r} than the first suspect")
        width = widths[first]
        if (widths[first:end] != width).any():
            raise BadInput(f"{path}: {suspect} gave answers of mixed widths: {sorted(set(widths[first:end].tolist()))}")
        logits.append(values[starts[first:end, None] + np.arange(width)])
        _check(f"{path}: {suspect}", method, logits[-1], len(labels), len(classes[suspect]))
    frame = rows[SUSPECT].iloc[firsts].astype({name: int if name == "seed" else str for name in SUSPECT}).reset_index(drop=True)
    sources = np.flatnonzero(frame["attack"] == SOURCE)
    if len(sources) != 1:
        raise BadInput(f"{path}: expected the answers of one source to {method!r}, found {len(sources)}")
    names = [tuple(classes[suspect]) for suspect in frame["suspect"]]
    others = [place for place in range(len(frame)) if place != sources[0]]
    return Answers(
        method,
        logits[sources[0]],
        names[sources[0]],
        frame.iloc[others].reset_index(drop=True),
        [logits[place] for place in others],
        [names[place] for place in others],
        labels[:, 1].astype(np.int64),
        labels[:, 2].astype(np.int64),
    )
