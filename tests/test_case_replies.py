"""One reply of an interface as a row of numbers: what is told, and what no float32 and no label can be."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.cases import owner
from pipeline.cases.asking_all import ask_all
from pipeline.cases.case import Limits, Model, read_enrolment
from pipeline.cases.suspects.input import checked
from pipeline.cases.suspects.replies import row_of
from pipeline.core.errors import BadInput
from tests.casemaking import enrolled

CLASSES = ("cat", "dog", "emu")


def test_of_labels_without_scores_the_first_is_told():
    row = row_of("it", [{"label": "dog"}, {"label": "cat"}], CLASSES)
    assert np.array_equal(row, np.array([0, 1, np.nan], np.float32), equal_nan=True)


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ([10**400, 1, 2], "NaN or infinite"),
        ([1e300, 1, 2], "NaN or infinite"),
        ([{"label": "cat", "score": 10**400}], "expected a finite number"),
        ("²", "expected one of the source's 3"),
        ("٣", "expected one of the source's 3"),
        ("1" * 5000, "expected one of the source's 3"),
        ({"label": "1" * 5000}, "expected one of the source's 3"),
        ([0.5], "answers 1 numbers"),
    ],
)
def test_a_reply_that_is_no_row_of_numbers_ends_in_one_line(reply, says):
    with pytest.raises(BadInput, match=says) as caught:
        row_of("it", reply, CLASSES)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_numbers_beyond_those_of_float32_are_refused_as_infinite_ones_are():
    with pytest.raises(BadInput, match="NaN or infinite numbers to picture 1"):
        checked(np.array([[1.0, 2.0], [1e300, 2.0]]), 2, "it")


@pytest.mark.parametrize(("probe", "says"), [("²", "expected 0 to 39"), ("7" * 5000, "expected 0 to 39")])
def test_a_probe_that_is_no_number_is_named_with_its_row(tmp_path, probe, says):
    from pipeline.cases.exchanging import read_table

    case = enrolled(tmp_path / "case", count=40)
    (tmp_path / "table.csv").write_text(f"probe,label\n{probe},cat\n")
    with pytest.raises(BadInput, match=f"row 2: .*{says}"):
        read_table(tmp_path / "table.csv", read_enrolment(case))


@pytest.mark.parametrize(
    ("data", "says"), [(b"PAR1 none PAR1", "not a Parquet table"), (None, "30,000,000 values in 1 columns")]
)
def test_a_parquet_table_that_is_none_or_fills_the_memory_is_refused(tmp_path, data, says):
    from pipeline.cases.exchanging import read_table

    file = tmp_path / "table.parquet"
    if data is None:
        pq.write_table(pa.table({"probe": pa.nulls(30_000_000, pa.int8())}), file, compression="zstd")
    else:
        file.write_bytes(data)
    with pytest.raises(BadInput, match=says) as caught:
        read_table(file, read_enrolment(enrolled(tmp_path / "case", count=40)))
    assert "\n" not in str(caught.value)


def test_one_suspect_that_answers_what_no_float32_holds_keeps_no_other_from_its_verdict(tmp_path, monkeypatch):
    case = enrolled(tmp_path / "case", count=40)
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nfrom tests.casemaking import COPY as fine\n"
        "def huge(images):\n    return np.full((len(images), 5), 1e300)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAC_JOBS", "1")
    models = {name: Model(text=f"python:mine:{name}") for name in ("huge", "fine")}
    told = ask_all(case, read_enrolment(case), models, Limits())
    assert next(told).name == "fine"
    with pytest.raises(BadInput, match="huge: answers NaN or infinite"):
        next(told)
    assert owner.verify(case).verdicts[0].verdict == "copy"
