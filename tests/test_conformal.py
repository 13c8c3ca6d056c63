"""Conformal p-values: by counting, and by drawing models that are exchangeable."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fingerprints.partial_correlation import products
from pipeline.metrics.conformal import accused, least_p_value, p_values

numbers = st.lists(st.integers(-5, 5), min_size=1, max_size=20).map(lambda values: np.array(values, float))


@given(numbers, numbers)
def test_it_counts_references_that_score_at_least_as_high(suspects, references):
    expected = [(1 + sum(other >= own for other in references)) / (len(references) + 1) for own in suspects]
    assert p_values(suspects, references) == pytest.approx(expected)


@given(numbers, numbers)
def test_one_column_a_reference_is_compared_with_that_reference(suspects, references):
    table = suspects[:, None] + np.arange(len(references)) / 10
    expected = [
        (1 + sum(other >= own for other, own in zip(references, row, strict=True))) / (len(references) + 1) for row in table
    ]
    assert p_values(table, references) == pytest.approx(expected)


@pytest.mark.parametrize("level", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("references", [9, 19, 25])
def test_exchangeable_models_are_accused_as_often_as_nominal_and_no_oftener(references, level):
    scores = np.random.default_rng(1).standard_cauchy(size=(20_000, references + 1))
    share = np.mean([p_values(row[:1], row[1:])[0] <= level + 1e-12 for row in scores])
    exact = np.floor(level * (references + 1) + 1e-9) / (references + 1)
    assert share == pytest.approx(exact, abs=0.008) and share <= level + 0.008


def test_no_p_value_is_below_the_least():
    assert p_values(np.array([np.inf]), np.arange(19.0))[0] == least_p_value(19) == 0.05


def test_what_has_no_score_has_no_p_value_and_is_not_counted():
    found = p_values(np.array([np.nan, 3.0, -3.0]), np.zeros(9))
    assert np.isnan(found[0]) and found[1:].tolist() == [0.1, 1.0]
    assert accused(found, 0.1) == 0.5 and np.isnan(accused(found[:1], 0.1))


@pytest.mark.parametrize("references", [9, 19])
def test_models_scored_by_the_references_but_one_are_accused_no_oftener_than_nominal(references):
    """Innocents that share a task with references, all drawn alike: scores depend on all references."""
    draw, found = np.random.default_rng(2), []
    for _ in range(60):
        task, source = draw.normal(size=(2, 80))
        models = task + draw.normal(size=(references + 10, 80))
        known, innocent = models[:references], models[references:]
        own, others = [], []
        for left in range(references):
            rest = np.delete(known, left, axis=0)
            scores = products(source + task, np.vstack([known[left], innocent]), rest).partial_correlations()
            own.append(scores[0])
            others.append(scores[1:])
        found.append(p_values(np.array(others).T, np.array(own)))
    values = np.concatenate(found)
    assert accused(values, 0.1) == pytest.approx(0.1, abs=0.04) and accused(values, 0.3) == pytest.approx(0.3, abs=0.06)
    assert accused(values, 0.05) <= 0.05 + 0.03
