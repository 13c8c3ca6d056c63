"""Agreement with the papers, on cells whose answer is plain."""

import numpy as np
import pytest

from pipeline.metrics.agreement import agree, at_risk, distance, inside


def test_a_published_value_is_inside_limits_rounded_to_its_own_digits():
    low, high = np.array([0.896, 0.896, 0.5]), np.array([0.95, 0.95, 0.6])
    published, digits = np.array([0.90, 0.9, 0.61]), np.array([2, 3, 2])
    assert inside(low, high, published, digits).tolist() == [True, True, False]
    assert not inside(np.array([0.904]), np.array([0.95]), np.array([0.903]), np.array([3]))[0]


def test_distance_counts_standard_errors_towards_the_published_value():
    value, low, high = np.array([0.8, 0.8, 1.0, 1.0]), np.array([0.6, 0.6, 0.9, 0.9]), np.array([0.9, 0.9, 1.0, 1.0])
    published = np.array([0.6, 0.9, 1.0, 0.8])
    assert distance(value, low, high, published) == pytest.approx([1.95996, 1.95996, 0, 2 * 1.95996], abs=1e-4)
    assert distance(np.ones(1), np.ones(1), np.ones(1), np.array([0.9]))[0] == np.inf


def test_cells_at_the_ceiling_or_with_limits_that_hold_everything_are_no_risk():
    attacks = np.array(["finetune", "finetune", "extract", "extract", "prune"])
    published = np.array([1.0, 0.99, 1.0, 0.7, 0.9])
    low, high = np.array([0.9, 0.9, 0.9, 0.6, 0.4]), np.array([1.0, 1.0, 1.0, 0.8, 1.0])
    assert at_risk(low, high, published, attacks).tolist() == [False, False, True, True, False]


def test_agreement_is_over_the_cells_that_have_a_measured_and_a_published_value():
    value, published = np.array([0.9, 0.7, np.nan, 0.5]), np.array([1.0, 0.7, 0.8, np.nan])
    low, high, digits = value - 0.05, value + 0.05, np.full(4, 2)
    found = agree(value, low, high, published, digits, np.array([True, False, True, True]))
    assert (found.cells, found.inside, found.could_fail, found.inside_at_risk) == (2, 1, 1, 0)
    assert found.gap == pytest.approx(0.05)
    assert found.distance == pytest.approx(1.95996, abs=1e-4)


def test_agreement_of_no_cells_has_no_means():
    none = np.zeros(0)
    found = agree(none, none, none, none, none.astype(int), none.astype(bool))
    assert (found.cells, found.could_fail) == (0, 0)
    assert np.isnan([found.gap, found.distance]).all()
