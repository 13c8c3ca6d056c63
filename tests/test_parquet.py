"""A Parquet file of a stranger's: a few hundred bytes that would fill the memory are refused before they do."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core.errors import BadInput
from pipeline.core.parquet import UNREADABLE, read_flat, reading

MANY = 2_000_000
LONG = pa.DictionaryArray.from_arrays(pa.array(np.zeros(2000, np.int32)), pa.array(["a" * 1_000_000]))
"""Two thousand rows of one text: 2 GB, once each has its own."""


def data(columns, **options):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd", **options)
    return sink.getvalue().to_pybytes()


def flat(content, values=10_000):
    return read_flat(pa.BufferReader(content), "it", values)


def test_numbers_and_texts_come_back_as_they_were():
    columns = {"a": ["é", None, "x"], "b": [1.5, None, 2.0], "c": [True, False, None], "d": [1, 2, 3]}
    coded = pa.table(columns | {"e": pa.array(["u", "v", "u"]).dictionary_encode()})
    assert flat(data(coded, row_group_size=1)).to_pydict() == coded.to_pydict()
    assert flat(data({"a": pa.array([], pa.string())}), 0).num_rows == 0


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"x": np.zeros(MANY)}, "it: 2,000,000 values in 1 columns, expected at most 10,000"),
        ({name: np.zeros(2000) for name in "abcdef"}, "12,000 values in 6 columns"),
        ({"x": LONG}, "column 'x': a text of 1,000,000 bytes, expected at most 1,000"),
        ({"x": pa.array([[0.0] * MANY])}, r"column 'x' holds list<.*, expected numbers or text"),
        ({"x": pa.array([{"y": 1}])}, "column 'x' holds struct<"),
        ({"x": pa.array([b"a"])}, "column 'x' holds binary"),
    ],
    ids=["rows", "columns", "text", "list", "struct", "bytes"],
)
def test_what_would_be_large_is_refused_while_it_is_small(columns, says):
    content = data(columns)
    assert len(content) < 20_000
    with pytest.raises(BadInput, match=says):
        flat(content)


def test_a_text_that_hides_that_it_is_shared_is_refused_too():
    with pytest.raises(BadInput, match="a text of 1,000,000 bytes"):
        flat(data({"x": LONG}, store_schema=False))


def test_no_more_is_read_than_a_file_says_that_it_holds():
    """All counts of the rows, as Parquet writes numbers, say ten."""
    content = data({"x": np.zeros(5_000_000)}, row_group_size=5_000_000)
    count, ten = bytes.fromhex("80ade204"), bytes.fromhex("94808000")
    assert content.count(count) == 4
    assert flat(content.replace(count, ten)).num_rows == 10


@pytest.mark.parametrize("error", UNREADABLE)
def test_what_goes_wrong_in_reading_is_told_in_one_line(error):
    with pytest.raises(BadInput, match=r"^it: not a table of ours \(.+\)$"), reading("it", "a table of ours"):
        raise error("a\nb")
    with pytest.raises(BadInput, match=error.__name__), reading("it", "a table of ours"):
        raise error
