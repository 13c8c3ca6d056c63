"""The comparison that a review rests on: what it must find, and what it must let pass."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.publish.compare import compare_files, compare_scores

TABLE = "fingerprint,attack,auc,inside\nSAC-m,prune,0.9375,yes\nSAC-m,extract_adv,,\n"


def compared(folder, old, new, name="table.csv"):
    (folder / "old").mkdir(exist_ok=True)
    (folder / "new").mkdir(exist_ok=True)
    files = folder / "old" / name, folder / "new" / name
    for file, text in zip(files, (old, new), strict=True):
        file.write_text(text)
    return compare_files(*files)


def test_the_same_table_agrees_and_its_numbers_are_counted(tmp_path):
    result = compared(tmp_path, TABLE, TABLE)
    assert (result.numbers, result.differences) == (1, [])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("0.9375", "0.9376", "row SAC-m, prune, yes, column auc: committed 0.9375, recomputed 0.9376"),
        ("prune", "pruned", "column attack: committed 'prune', recomputed 'pruned'"),
        ("yes", "no", "column inside: committed 'yes', recomputed 'no'"),
        (",,", ",0.5,", "row SAC-m, extract_adv, column auc: committed '', recomputed '0.5'"),
        ("SAC-m,extract_adv,,\n", "", "3 rows"),
    ],
)
def test_a_changed_cell_is_named(tmp_path, old, new, says):
    (found,) = compared(tmp_path, TABLE, TABLE.replace(old, new)).differences
    assert says in found and "table.csv" in found


def test_last_bits_are_let_pass(tmp_path):
    assert not compared(tmp_path, TABLE, TABLE.replace("0.9375", "0.937501")).differences


def test_counts_must_be_the_same_and_nothing_is_near_zero_but_noise(tmp_path):
    assert compared(tmp_path, "name,models\nx,10001\n", "name,models\nx,10002\n").differences
    assert not compared(tmp_path, "name,auc\nx,0\n", "name,auc\nx,1e-17\n").differences
    assert compared(tmp_path, "name,p\nx,1e-20\n", "name,p\nx,2e-20\n").differences


def test_text_is_compared_line_by_line_and_figures_by_their_coordinates(tmp_path):
    page = 'AUC 0.93\n<svg width="10.00">\n<path d="M 1.25 2.5"/>\n</svg>\nAUC 0.94\n'
    assert not compared(tmp_path, page, page.replace("1.25", "1.26"), "page.html").differences
    (found,) = compared(tmp_path, page, page.replace("1.25", "1.35"), "page.html").differences
    assert "line 3: committed 1.25, recomputed 1.35" in found
    (found,) = compared(tmp_path, page, page.replace("0.94", "0.95"), "page.html").differences
    assert "line 5: committed 0.94, recomputed 0.95" in found
    label = '<svg width="10.00">\n<text x="1.25" y="3">0.81</text>\n</svg>\n'
    assert not compared(tmp_path, label, label.replace("1.25", "1.26"), "figure.svg").differences
    (found,) = compared(tmp_path, label, label.replace("0.81", "0.85"), "figure.svg").differences
    assert "line 2: committed 0.81, recomputed 0.85" in found
    assert compared(tmp_path, page, page + "more\n", "page.html").differences


def test_a_file_that_only_one_side_has_is_named(tmp_path):
    (tmp_path / "a.csv").write_text(TABLE)
    here, gone = tmp_path / "a.csv", tmp_path / "b.csv"
    assert compare_files(here, gone).differences == [f"{here}: nothing published makes it: sac index or you remove it"]
    assert compare_files(gone, here).differences == [f"{gone}: missing; the run makes it"]


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1), st.sampled_from([-1, 1]))
def test_whatever_moves_by_a_thousandth_is_found(tmp_path_factory, value, share, sign):
    moved = value + sign * max(abs(value), 1e-6) * share
    folder = tmp_path_factory.getbasetemp()
    old, new = f"name,auc\nx,{value!r}\n", f"name,auc\nx,{moved!r}\n"
    assert len(compared(folder, old, new).differences) == 1


def test_scores_are_compared_by_suspect(tmp_path):
    columns = {"method": "cutmix", "representation": "logits", "comparison": "cosine_l1", "references": "", "count": 5}
    frame = pd.DataFrame({**columns, "suspect": ["a", "b"], "score": [-0.25, float("nan")]})
    for name, changed in {
        "same": frame,
        "moved": frame.assign(score=[-0.26, float("nan")]),
        "other": frame.assign(suspect=["a", "c"]),
    }.items():
        changed.to_parquet(tmp_path / name)
    same, moved, other = ((tmp_path / name).read_bytes() for name in ("same", "moved", "other"))
    assert compare_scores("scores", same, tmp_path / "same").differences == []
    (found,) = compare_scores("scores", moved, tmp_path / "same").differences
    assert "scores: cutmix logits cosine_l1  5 a: stored -0.26, recomputed -0.25" in found
    assert "of other suspects" in compare_scores("scores", other, tmp_path / "same").differences[0]
    assert "not a file of scores" in compare_scores("scores", same[:40], tmp_path / "same").differences[0]


def test_a_table_that_is_larger_than_it_looks_is_not_read(tmp_path):
    frame = pd.DataFrame({"method": ["cutmix"], "representation": "logits", "comparison": "cosine_l1", "references": ""})
    frame = frame.assign(count=5, suspect="a", score=0.5)
    rows, text = pd.concat([frame] * 100_000), frame.assign(suspect="a" * 1_000_000)
    for name, table in (("new", frame), ("rows", rows), ("text", text)):
        table.to_parquet(tmp_path / f"{name}.parquet", index=False, compression="zstd")
    for name, says in (("rows", "700,000 values in 7 columns, expected at most 7"), ("text", "a text of 1,000,000 bytes")):
        old, new = tmp_path / f"{name}.parquet", tmp_path / "new.parquet"
        assert old.stat().st_size < 20_000
        for found in (compare_files(old, new), compare_scores("scores", old.read_bytes(), new)):
            assert says in found.differences[0] and len(found.differences) == 1 and found.numbers == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('y="3"', 'y="9"', "line 2: committed 9, recomputed 3"),
        ('anchor="start"', 'anchor="end"', "line 2: committed"),
        ("<text", "<texts", "line 2: committed"),
        ("\n<text", "\x0b<text", "line 1: committed"),
    ],
)
def test_the_place_and_the_form_of_a_label_are_compared(tmp_path, old, new, says):
    figure = '<svg width="10.00">\n<text x="1.25" y="3" anchor="start">0.81</text>\n</svg>\n'
    found = compared(tmp_path, figure.replace(old, new), figure, "figure.svg").differences
    assert found and says in found[0]


@pytest.mark.parametrize("data", [b"", b"\n", b"x", b'"', b"\xff", b"\x00", b"\r", TABLE.encode() + b'"open', b"a,b\r,c\n"])
def test_whatever_stands_in_a_table_ends_in_one_line(tmp_path, data):
    (tmp_path / "old.csv").write_bytes(data)
    (tmp_path / "new.csv").write_text(TABLE)
    (found,) = compare_files(tmp_path / "old.csv", tmp_path / "new.csv").differences
    assert str(tmp_path / "old.csv") in found and "\n" not in found


def test_text_of_a_parquet_table_that_is_none_ends_in_one_line(tmp_path):
    old, new = tmp_path / "old.parquet", tmp_path / "new.parquet"
    pd.DataFrame({"says": ["mistakes"] * 3}).to_parquet(new, compression=None)
    old.write_bytes(new.read_bytes().replace(b"mistakes", b"m\xefstakes"))
    (found,) = compare_files(old, new).differences
    assert f"{old}: not a Parquet table" in found and "\n" not in found
