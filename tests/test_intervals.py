"""Limits of an AUC: their parts against naive computation, and what they must never do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipeline.metrics.auc import auc
from pipeline.metrics.intervals import Judged, Variance, between_units, independent_variance, interval, limits, pooled

sizes = st.integers(2, 40)
scores = st.lists(st.integers(-5, 5), min_size=4, max_size=16).map(lambda values: np.array(values, float))


def judged(stolen, irrelevant, **changed):
    """One source's suspects, each a unit of its own, in one stratum, judged on probes that are given."""
    plain = {
        "units": np.arange(len(stolen)),
        "strata": np.zeros(len(stolen)),
        "irrelevant_strata": np.zeros(len(irrelevant)),
        "weights": np.ones(len(stolen)),
        "stolen_redraws": np.zeros((0, len(stolen))),
        "irrelevant_redraws": np.zeros((0, len(irrelevant))),
    }
    return Judged(stolen, irrelevant, **(plain | changed))


@given(st.floats(0.02, 0.98), sizes, sizes)
def test_limits_without_an_estimate_solve_newcombes_equation(value, stolen, irrelevant):
    z, spare = stats.norm.ppf(0.975), (stolen + irrelevant) / 2 - 1
    for limit in limits(value, stolen, irrelevant):
        variance = limit * (1 - limit) * (1 + spare * (1 - limit) / (2 - limit) + spare * limit / (1 + limit))
        assert (value - limit) ** 2 == pytest.approx(z**2 * variance / (stolen * irrelevant), abs=1e-9)


@given(st.floats(0.0, 1.0), sizes, sizes, st.floats(0, 0.1), st.floats(1, 30))
def test_limits_hold_the_value_mirror_and_are_never_narrower_than_without_an_estimate(value, stolen, irrelevant, variance, df):
    low, high = limits(value, stolen, irrelevant, Variance(variance, df))
    bare = limits(value, stolen, irrelevant)
    assert 0 <= low <= value <= high <= 1
    assert low <= bare[0] + 1e-9 and high >= bare[1] - 1e-9
    assert limits(1 - value, stolen, irrelevant, Variance(variance, df)) == pytest.approx((1 - high, 1 - low), abs=1e-6)


def test_the_limits_of_a_well_estimated_auc_are_near_students():
    variance = 4 * independent_variance(0.7, 200, 200)
    low, high = limits(0.7, 200, 200, Variance(variance, 10))
    arm = stats.t.ppf(0.975, 10) * variance**0.5
    assert (low, high) == pytest.approx((0.7 - arm, 0.7 + arm), abs=0.02)


@pytest.mark.parametrize("counts", [(2, 8), (4, 8), (8, 8), (20, 20), (60, 20)])
def test_an_auc_of_one_keeps_a_lower_limit_below_that_of_smaller_ones_never_above(counts):
    edge = limits(1.0, *counts)
    assert edge[0] < 1 == edge[1]
    lower = [limits(value, *counts, Variance(1e-6, 5))[0] for value in np.linspace(0.5, 1, 60)]
    assert np.all(np.diff(lower) > 0)


@given(scores, scores)
def test_the_value_is_the_auc(stolen, irrelevant):
    assert interval([judged(stolen, irrelevant)]).value == pytest.approx(auc(stolen, irrelevant))


def test_weights_make_the_mean_of_two_attacks():
    draw = np.random.default_rng(1)
    first, second, irrelevant = draw.normal(1, 1, 4), draw.normal(2, 1, 12), draw.normal(0, 1, 9)
    weights = np.r_[np.full(4, 1 / 8), np.full(12, 1 / 24)]
    found = interval([judged(np.r_[first, second], irrelevant, weights=weights)])
    assert found.value == pytest.approx((auc(first, irrelevant) + auc(second, irrelevant)) / 2)


def test_parts_of_one_stratum_are_delongs():
    draw = np.random.default_rng(2)
    stolen, irrelevant = draw.normal(1, 1, 9), draw.normal(0, 1, 7)
    table = np.array([[float(s > i) for i in irrelevant] for s in stolen])
    found = interval([judged(stolen, irrelevant)])
    assert found.stolen == pytest.approx(np.var(table.mean(1), ddof=1) / 9)
    assert found.irrelevant == pytest.approx(np.var(table.mean(0), ddof=1) / 7)


def test_variance_between_units_is_that_of_a_stratified_mean():
    values, strata = np.array([1.0, 2.0, 5.0, 9.0]), np.array(["a", "a", "b", "b"])
    found, units = between_units(values, np.full(4, 0.25), np.arange(4), strata)
    expected = sum((0.5**2) * np.var(values[strata == one], ddof=1) / 2 for one in "ab")
    assert (found.value, found.freedom, units) == (pytest.approx(expected), 2, 4)


def test_the_points_of_one_run_are_one_unit():
    runs, once = np.repeat([0.2, 0.6, 0.9], 5), np.array([0.2, 0.6, 0.9])
    together, units = between_units(runs, np.full(15, 1 / 15), np.repeat(np.arange(3), 5), np.zeros(15))
    apart, _ = between_units(once, np.full(3, 1 / 3), np.arange(3), np.zeros(3))
    assert (together.value, together.freedom, units) == (pytest.approx(apart.value), apart.freedom, 3)


def test_strata_of_one_unit_are_put_together():
    values = np.array([0.1, 0.5, 0.7])
    found, _ = between_units(values, np.full(3, 1 / 3), np.arange(3), np.arange(3))
    assert (found.value, found.freedom) == (pytest.approx(values.var(ddof=1) / 3), 2)
    assert between_units(values[:1], np.ones(1), np.arange(1), np.zeros(1))[0] == Variance(0.0, 0.0)


def test_a_single_stratum_of_one_unit_is_put_together_with_the_smallest_others():
    values, strata = np.array([0.1, 0.5, 0.7, 0.2, 0.4, 0.9]), np.array(list("abbccc"))
    found, _ = between_units(values, np.full(6, 1 / 6), np.arange(6), strata)
    expected = (3 * values[:3].var(ddof=1) + 3 * values[3:].var(ddof=1)) / 36
    assert (found.value, found.freedom) == (pytest.approx(expected), 4)
    alone, _ = between_units(values[:3], np.full(3, 1 / 3), np.arange(3), strata[:3])
    assert (alone.value, alone.freedom) == (pytest.approx(values[:3].var(ddof=1) / 3), 2)


def test_probes_part_is_the_mean_square_of_the_redraws_about_the_whole():
    draw = np.random.default_rng(3)
    stolen, irrelevant = draw.normal(1, 1, 6), draw.normal(0, 1, 5)
    redraws = draw.normal(1, 1, (10, 6)), draw.normal(0, 1, (10, 5))
    found = interval([judged(stolen, irrelevant, stolen_redraws=redraws[0], irrelevant_redraws=redraws[1])])
    whole = auc(stolen, irrelevant)
    assert found.probes == pytest.approx(np.mean([(auc(*pair) - whole) ** 2 for pair in zip(*redraws, strict=True)]))


def test_half_of_a_sample_varies_about_the_whole_as_the_whole_about_the_truth():
    draw, squares, halves = np.random.default_rng(4), [], []
    for _ in range(3000):
        sample = draw.normal(0, 1, 20)
        squares.append(sample.mean() ** 2)
        halves.append((draw.permutation(sample)[:10].mean() - sample.mean()) ** 2)
    assert np.mean(halves) == pytest.approx(np.mean(squares), rel=0.1)


def test_limits_order_by_ranks_as_they_do_by_scores():
    draw = np.random.default_rng(5)
    table = draw.normal(0, 1, (8, 11))
    ranks = stats.rankdata(table, axis=1, method="dense")
    plain = judged(table[0, :6] + 1, table[0, 6:], stolen_redraws=table[:, :6], irrelevant_redraws=table[:, 6:])
    ranked = judged(table[0, :6] + 1, table[0, 6:], stolen_redraws=ranks[:, :6], irrelevant_redraws=ranks[:, 6:])
    assert interval([plain]) == interval([ranked])


def test_one_source_gives_limits_that_are_conditional_on_it():
    one = judged(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.5, 2.5]))
    assert len(interval([one]).by_source) == 1
    assert np.isnan(interval([one]).between)


def test_sources_that_differ_widen_the_limits_and_are_told_one_by_one():
    irrelevant = np.arange(8.0)
    alike = [judged(np.array([3.5, 4.5, 5.5, 6.5]), irrelevant)] * 3
    apart = [judged(np.array([3.5, 4.5, 5.5, 6.5]) + shift, irrelevant) for shift in (-3, 0, 3)]
    same, other = interval(alike), interval(apart)
    assert len(same.by_source) == 3 and len(set(same.by_source)) == 1
    assert other.by_source == tuple(auc(one.stolen, irrelevant) for one in apart)
    assert other.between > other.stolen + other.probes
    assert other.high - other.low > same.high - same.low


def test_satterthwaite_lies_between_the_least_and_the_sum_of_the_degrees_of_freedom():
    assert pooled([Variance(1.0, 5), Variance(1.0, 5)]).freedom == pytest.approx(10)
    assert pooled([Variance(1.0, 5), Variance(0.0, 90)]) == Variance(1.0, pytest.approx(5))
    assert pooled([Variance(0.0, 3)]) == Variance(0.0, 0.0)
