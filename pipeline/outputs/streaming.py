"""Answers in blocks of suspects, so that a file larger than memory can be scored.

A block holds whole suspects, and beside them the models that any suspect may be compared with: the source, the irrelevant
models and the defender's references. A file that fits into one block is read at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core.seal import verify
from pipeline.outputs.table import GROUP, SOURCE, Answers, answers_in, names_in, readable

BESIDE = (SOURCE, "irrelevant", "references")
"""The attacks whose models stand in every block."""
ROWS = 1 << 14
"""Rows that are decoded at once."""


@dataclass(frozen=True)
class Block:
    """Answers by method, and the names of those suspects that are this block's own."""

    answers: list[Answers]
    suspects: frozenset[str]


def count_blocks(path: Path, most: int = GROUP) -> int:
    """How many blocks `read_blocks` gives."""
    return len(_plan(path, most))


def read_blocks(path: Path, most: int = GROUP) -> Iterator[Block]:
    """The answers of a file, in blocks of about `most` numbers. Every suspect is in one block. Raises like `read_outputs`."""
    plan = _plan(path, most)
    with readable(path):
        file, (classes, columns) = pq.ParquetFile(path), names_in(path)
        beside = _rows(file, pc.field("attack").isin(BESIDE)) if len(plan) > 1 else None
    rows = _Rows(file)
    for own in plan:
        with readable(path):
            table = rows.of(own)
            if beside is not None:
                table = pa.concat_tables([beside.filter(~pc.field("suspect").isin(list(own))), table])
        yield Block(answers_in(path, table.unify_dictionaries(), classes, columns), own)


def _plan(path: Path, most: int) -> list[frozenset[str]]:
    """The names of each block's suspects, in the order of the file."""
    verify(path)
    with readable(path):
        file, (classes, columns) = pq.ParquetFile(path), names_in(path)
        sizes: dict[str, int] = {}
        for batch in file.iter_batches(1 << 20, columns=["suspect", "method"]):
            counted = pa.table(batch).group_by(["suspect", "method"], use_threads=False).aggregate([([], "count_all")])
            for row in counted.to_pylist():
                width = len(columns.get(row["method"], classes.get(row["suspect"], ())))
                sizes[row["suspect"]] = sizes.get(row["suspect"], 0) + row["count_all"] * width
    blocks: list[set[str]] = []
    held = most
    for suspect, size in sizes.items():
        if held >= most:
            blocks.append(set())
            held = 0
        blocks[-1].add(suspect)
        held += size
    return [frozenset(block) for block in blocks]


class _Rows:
    """The rows of a file, taken in the order in which they stand."""

    def __init__(self, file: pq.ParquetFile):
        self.batches = file.iter_batches(ROWS)
        self.schema = file.schema_arrow
        self.left: list[pa.Table] = []

    def of(self, suspects: frozenset[str]) -> pa.Table:
        """The next rows, all of these suspects; what follows them stays for the next call."""
        own = pc.field("suspect").isin(list(suspects))
        found, waiting, self.left = [], self.left, []
        while True:
            for table in waiting:
                found.append(table.filter(own))
                if found[-1].num_rows < table.num_rows:
                    self.left.append(table.filter(~own))
            batch = None if self.left else next(self.batches, None)
            if batch is None:
                return pa.concat_tables([self.schema.empty_table(), *found])
            waiting = [pa.table(batch)]


def _rows(file: pq.ParquetFile, chosen: pc.Expression) -> pa.Table:
    batches = (pa.table(batch).filter(chosen) for batch in file.iter_batches(ROWS))
    return pa.concat_tables([file.schema_arrow.empty_table(), *(table for table in batches if table.num_rows)])
