"""Parquet that somebody else wrote: whatever is wrong with it ends in one line, and a small file takes no large memory.

A few hundred bytes can hold millions of rows, or a text of a megabyte in each of some thousand. So its sizes are looked at
before its contents, and a text that many rows share is kept once until its length is known. A reader makes no more values than
the sizes say, whatever the pages hold; a page that is larger than it says costs its own memory, at most 2 GB for a while.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core.errors import BadInput

UNREADABLE = (
    pa.ArrowException,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
    MemoryError,
)
"""What reading such a file may raise: its metadata hold JSON for pandas and us, and texts are decoded when they are used."""
LONGEST = 1000
"""Bytes of a text."""


@contextmanager
def reading(where: object, what: str) -> Iterator[None]:
    """Tell in one line that `where` is not `what`, if reading it goes wrong."""
    try:
        yield
    except UNREADABLE as error:
        said = " ".join(str(error).split())[:160] or type(error).__name__
        raise BadInput(f"{where}: not {what} ({said})") from None


def read_flat(source: Path | pa.BufferReader, where: object, values: int) -> pa.Table:
    """A table of numbers and texts: at most `values` of them in all columns together, each text of at most LONGEST bytes.

    Raises BadInput for other tables, and any of UNREADABLE for what is no Parquet.
    """
    about = pq.read_metadata(source)
    schema = pa.schema([(field.name, _plain(field, where)) for field in about.schema.to_arrow_schema()])
    groups = [about.row_group(place) for place in range(about.num_row_groups)]
    found = sum(abs(group.column(place).num_values) for group in groups for place in range(group.num_columns))
    if found > values:
        raise BadInput(f"{where}: {found:,} values in {len(schema)} columns, expected at most {values:,}")
    texts = [field.name for field in schema if _is_text(field.type)]
    file = pq.ParquetFile(source, metadata=about, read_dictionary=texts)
    tables = [schema.empty_table()]
    for place in range(len(groups)):
        table = file.read_row_group(place, use_threads=False)
        for name in texts:
            _check_texts(table[name], f"{where}: column {name[:60]!r}")
        tables.append(table.cast(schema))
    return pa.concat_tables(tables)


def _plain(field: pa.Field, where: object) -> pa.DataType:
    """The type of a column's values, if they are numbers or text."""
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if _is_text(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return kind
    raise BadInput(f"{where}: column {field.name[:60]!r} holds {str(kind)[:60]}, expected numbers or text")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _check_texts(column: pa.ChunkedArray, where: str) -> None:
    for chunk in column.chunks:
        longest = pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0
        if longest > LONGEST:
            raise BadInput(f"{where}: a text of {longest:,} bytes, expected at most {LONGEST:,}")
