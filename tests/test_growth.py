"""What measures growth: exponents, a point in a process of its own, the engines of a million suspects."""

import sys

import click
import numpy as np
import pandas as pd
import pytest

from benchmarks import growth, million
from benchmarks.growing import scoring
from benchmarks.growing.measuring import Point, alone


def rows(power, sizes=(50, 150, 500, 1500)):
    return pd.DataFrame([Point("suspects", "made", size, "", 1e-3 * size**power, 1.0) for size in sizes])


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_exponent_is_that_of_the_larger_points(power):
    table = rows(power)
    table.loc[0, "seconds"] = 9.0  # a start that costs what it costs says nothing of growth
    assert growth.with_exponents(table)["exponent"].tolist() == [power] * 4


def test_a_single_point_has_no_exponent_and_a_size_of_none_does_not_count():
    assert np.isnan(growth.exponent(rows(1.0, (0, 10))))


def test_the_picture_has_a_panel_and_a_legend_for_every_axis(tmp_path):
    table = pd.concat([rows(1.0).assign(axis=axis) for axis in "abcde"], ignore_index=True)
    growth.draw(growth.with_exponents(table), tmp_path / "growth.svg")
    drawn = (tmp_path / "growth.svg").read_text(encoding="utf-8")
    assert [drawn.count(f'<g id="{what}_') for what in ("axes", "legend")] == [4 * growth.ACROSS, 5]


def test_a_point_is_measured_in_a_process_of_its_own():
    seconds, memory = scoring.measured("partial", **(scoring.BASE | {"suspects": 3, "probes": 12}))
    assert 0 < seconds < 60 and 50 < memory < 2000


def test_suspects_of_later_files_are_others_of_the_same_source():
    sizes = {"probes": 5, "classes": 3, "references": 1, "irrelevant": 0}
    first, later = (list(scoring.answers(suspects=2, first=first, **sizes)) for first in (0, 2))
    names = [about["suspect"] for about, _, _ in (*first, *later)]
    assert names == ["source-0", "references-0", "copy-0", "copy-1", "source-0", "references-0", "copy-2", "copy-3"]
    assert np.array_equal(first[0][2][0][1], later[0][2][0][1])
    assert not np.array_equal(first[2][2][0][1], later[2][2][0][1])


def test_all_engines_give_the_same_results(tmp_path):
    pytest.importorskip("duckdb")
    million.write_parts(tmp_path, 30)
    million.write_scores(tmp_path, 2000)
    for what, results in (("matching", 30), ("aucs", 80)):
        found = list(million.compared(tmp_path, what, "made", 1))
        assert [row["results"] for row in found] == [results] * len(million.TRIED[what])
        assert all(row["largest_gap"] < 1e-6 for row in found)


@pytest.mark.slow
def test_ray_data_gives_our_shares_of_matching_labels(tmp_path):
    million.write_parts(tmp_path, 30)
    seconds, memory = alone("benchmarks.million", {"folder": str(tmp_path), "what": "matching", "engine": "ray"})
    assert seconds > 0 and memory > 300, "the processes that Ray starts are counted"
    own = million.own_matching(tmp_path).set_index("suspect")["score"].sort_index()
    found = pd.read_parquet(tmp_path / "matching-ray.parquet").set_index("suspect")["score"].sort_index()
    assert len(own) == 30 and np.allclose(found, own, atol=1e-6)


def test_what_is_missing_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(click.ClickException, match="pip install duckdb"):
        million.query(tmp_path, "select 1")
