"""Machines differ in the last bits of a number; what is drawn and printed of it must not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reports import figures
from pipeline.reports.section import Picture
from pipeline.reports.text import measured, number

TIES = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000) | st.integers(0, 256).map(lambda step: step / 256)
"""Between two roundings to two digits, or between two of a colour map's 256 colours."""


def drawn(figure, folder):
    picture = Picture("main", "title", "description", draw=lambda: figure)
    figures.save(picture, folder / "main.svg")
    return (folder / "main.svg").read_text(encoding="utf-8")


def beside(value, bits):
    for _ in range(abs(bits)):
        value = np.nextafter(value, np.inf * bits)
    return value


@given(TIES, st.integers(-8, 8))
def test_a_tie_is_printed_alike_whatever_its_last_bits(tie, bits):
    other = beside(tie, bits)
    assert number(tie) == number(other)
    assert measured(tie, tie, tie) == measured(other, other, other)


@pytest.mark.parametrize("bits", [-4, 4])
def test_a_grid_is_drawn_alike_whatever_the_last_bits(tmp_path, bits):
    ties = [0.6640625, 0.125, 0.035, 0.745, np.nan]
    tables = [
        pd.DataFrame({"fingerprint": "SAC", "attack": list("abcde"), "auc": values})
        for values in (ties, [beside(tie, bits) for tie in ties])
    ]
    one, two = (drawn(figures.draw_table(table), tmp_path) for table in tables)
    assert one == two and ">0.66<" in one and ">–<" in one


def test_a_cell_has_the_colour_of_its_value():
    table = pd.DataFrame({"source": ["a", "b"], "a": [0.0, 0.5], "b": [1.0, 0.25]})
    (image,) = figures.draw_exchange(table).axes[0].images
    assert image.get_array().tolist() == [[0.0, 1.0], [0.5, 0.25]]


def test_clip_paths_are_numbered_in_their_order(tmp_path):
    aucs = pd.DataFrame({"count": [10, 20], "attack": "a", "auc": [0.5, 1.0]})
    svg = drawn(figures.draw_counts(aucs, "count", "probes", "SAC"), tmp_path)
    assert '<clipPath id="main-clip0"' in svg and 'clip-path="url(#main-clip0)"' in svg
    assert "url(#main-p" not in svg
