"""Seals: a changed byte is found in every format, a file says what it was made from, the same content gives the same bytes."""

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import BadInput
from pipeline.core.seal import agreed, check_files, file_digest, read_sealed, seal, stamp, verify, write_sealed
from pipeline.data.images import load_set, save_images
from pipeline.outputs.table import write_table
from tests.making import make_tiny

OF = {"task": "made", "source": "ab" * 32}
NAMES = ("value.json", "table.parquet", "task.safetensors")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return written(tmp_path_factory.mktemp("sealed") / "defender")


def written(folder):
    write_sealed(folder / NAMES[0], {"a": [1, 2.5], "b": "word"}, OF)
    write_table(folder / NAMES[1], pa.Table.from_pandas(pd.DataFrame({"x": np.arange(50), "y": list("ab") * 25})), OF)
    save_images(make_tiny(3, seed=0), folder / NAMES[2], "made")
    return folder


@pytest.mark.parametrize("name", NAMES)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_one_flipped_bit_is_found(files, name, place, bit):
    data = bytearray((files / name).read_bytes())
    data[place % len(data)] ^= 1 << bit
    spoilt = files / f"spoilt-{name}"
    spoilt.write_bytes(data)
    with pytest.raises(BadInput, match="damaged"):
        verify(spoilt)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_a_truncated_file_is_found(files, name, share):
    data = (files / name).read_bytes()
    (files / f"short-{name}").write_bytes(data[: int(share * len(data))])
    with pytest.raises(BadInput, match="damaged"):
        verify(files / f"short-{name}")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_content_gives_the_same_bytes_and_another_origin_others(files, tmp_path, name):
    again = written(tmp_path / "defender")
    assert (files / name).read_bytes() == (again / name).read_bytes()
    save_images(make_tiny(3, seed=0), tmp_path / "attacker" / NAMES[2], "made")
    assert (tmp_path / "attacker" / NAMES[2]).read_bytes() != (again / NAMES[2]).read_bytes()


def test_a_seal_says_what_a_file_was_made_from(files):
    assert verify(files / NAMES[0], task="made").of == verify(files / NAMES[1]).of == OF
    assert verify(files / NAMES[2]).of == {"task": "made", "set": "defender/task"}
    with pytest.raises(BadInput, match=r"value\.json: a file of task made, expected other"):
        verify(files / NAMES[0], task="other")
    with pytest.raises(BadInput, match="a file of probes none, expected x"):
        verify(files / NAMES[0], probes="x")


def test_images_of_another_owner_or_task_are_refused(files, tmp_path):
    assert len(load_set(files / NAMES[2], "made")) == 3
    for task, place in (("made", "attacker/task"), ("other", "defender/task")):
        copy = tmp_path / f"{place}.safetensors"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes((files / NAMES[2]).read_bytes())
        with pytest.raises(BadInput, match="expected"):
            load_set(copy, task)


def test_files_of_two_runs_do_not_agree(files, tmp_path):
    write_sealed(tmp_path / "b.json", {}, OF | {"source": "cd" * 32})
    seals = {path: verify(path) for path in (files / NAMES[0], files / NAMES[1])}
    assert agreed(seals, "source") == "ab" * 32
    with pytest.raises(BadInput, match="two runs"):
        agreed(seals | {tmp_path / "b.json": verify(tmp_path / "b.json")}, "source")


def test_what_is_no_sealed_file_is_refused_in_one_line(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "plain.json").write_text("{}")
    (tmp_path / "list.json").write_bytes(seal(f'["{stamp({})}"]'.encode()))
    for name, says in (
        ("fifo", "not a file"),
        ("plain.json", "has no seal"),
        ("none", "no such file"),
        ("list.json", "an object"),
    ):
        with pytest.raises(BadInput, match=says) as refused:
            read_sealed(tmp_path / name)
        assert "\n" not in str(refused.value)


def test_a_listed_file_that_differs_or_lies_elsewhere_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    sums = {"a": file_digest(tmp_path / "a"), "../a": "0"}
    check_files(tmp_path, sums, ["a"])
    for name, says in (("b", "not a file that the folder lists"), ("../a", "not a file that the folder lists")):
        with pytest.raises(BadInput, match=says):
            check_files(tmp_path, sums, [name])
    (tmp_path / "a").write_bytes(b"2")
    with pytest.raises(BadInput, match="damaged or swapped"):
        check_files(tmp_path, sums, ["a"])
