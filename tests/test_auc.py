"""The ROC curve's area and points, each against an independent computation."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score, roc_curve

from pipeline.metrics.auc import auc, below, tpr_at
from pipeline.metrics.significance import p_value

scores = st.lists(st.integers(-5, 5), min_size=2, max_size=30).map(lambda values: np.array(values, float))


def labelled(stolen, irrelevant):
    return np.r_[np.ones(len(stolen)), np.zeros(len(irrelevant))], np.r_[stolen, irrelevant]


@given(scores, scores)
def test_auc_counts_pairs_and_agrees_with_scikit_learn(stolen, irrelevant):
    pairs = [1.0 if s > i else 0.5 if s == i else 0.0 for s in stolen for i in irrelevant]
    assert auc(stolen, irrelevant) == pytest.approx(sum(pairs) / len(pairs))
    assert auc(stolen, irrelevant) == pytest.approx(roc_auc_score(*labelled(stolen, irrelevant)))


@given(scores, scores)
def test_auc_of_swapped_groups_is_the_rest(stolen, irrelevant):
    assert auc(stolen, irrelevant) == pytest.approx(1 - auc(irrelevant, stolen))


@given(scores, scores)
def test_what_lies_below_a_score_is_counted_ties_half_and_weighted(scores, others):
    weights = np.arange(1.0, len(others) + 1)
    pairs = np.array([[1.0 if one > other else 0.5 if one == other else 0.0 for other in others] for one in scores])
    assert np.array_equal(below(scores, others), pairs.sum(axis=1))
    assert below(scores, others, weights) == pytest.approx(pairs @ weights)


def test_what_lies_below_in_many_redraws_is_what_does_in_each():
    draw = np.random.default_rng(1)
    stolen, irrelevant = draw.integers(5, size=(3, 4)), draw.integers(5, size=(3, 6))
    assert np.array_equal(below(stolen, irrelevant), [below(*pair) for pair in zip(stolen, irrelevant, strict=True)])
    assert below(stolen[:0], irrelevant[:0]).shape == (0, 4)


def test_an_auc_of_many_suspects_holds_no_table_of_their_pairs():
    scores = np.random.default_rng(2).normal(size=(2, 10_000))
    tracemalloc.start()
    found = auc(*scores)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.4 < found < 0.6 and peak < 10_000_000


@given(scores, scores, st.sampled_from([0.0, 0.05, 0.3]))
def test_tpr_is_the_highest_point_of_the_curve_left_of_the_fpr(stolen, irrelevant, fpr):
    false, true, _ = roc_curve(*labelled(stolen, irrelevant), drop_intermediate=False)
    expected = true[false <= fpr + 1e-9].max() if len(irrelevant) * fpr >= 1 else np.nan
    assert tpr_at(stolen, irrelevant, fpr) == pytest.approx(expected, nan_ok=True)


def test_there_is_no_tpr_at_five_percent_with_fewer_than_twenty_irrelevant_models():
    assert np.isnan(tpr_at(np.ones(3), np.zeros(19)))
    assert tpr_at(np.ones(3), np.zeros(20)) == 1.0


def test_p_value_is_welchs_unless_asked_and_names_the_side():
    draw = np.random.default_rng(5)
    high, low = draw.normal(2, 3, 12), draw.normal(0, 1, 9)
    assert p_value(high, low) == (pytest.approx(stats.ttest_ind(high, low, equal_var=False).pvalue), "above")
    assert p_value(low, high, True) == (pytest.approx(stats.ttest_ind(high, low).pvalue), "below")
    assert np.isnan(p_value(high[:1], low)[0])


def test_p_values_of_float32_scores_are_those_of_float64_and_never_zero():
    draw = np.random.default_rng(6)
    high, low = draw.normal(60, 1, 40).astype(np.float32), draw.normal(0, 1, 40).astype(np.float32)
    expected = stats.ttest_ind(high.astype(float), low.astype(float), equal_var=False).pvalue
    assert 0 < expected < 1e-60
    assert p_value(high, low)[0] == pytest.approx(expected, rel=1e-9)
    far = np.arange(400) * 1e-9
    assert p_value(far + 1, far)[0] > 0


def test_groups_that_do_not_vary_have_no_p_value():
    assert np.isnan(p_value(np.ones(4), np.zeros(4))[0])
