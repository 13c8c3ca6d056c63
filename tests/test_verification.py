"""Verification, each part against an independent computation."""

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial.distance import cosine
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedKFold

from pipeline.core.errors import BadInput
from pipeline.verification.thresholds import (
    best_threshold,
    cosines,
    cross_validated_accuracy,
    equal_error_threshold,
    seeded_pairs,
)

PEOPLE = np.repeat([7, 3, 11, 5], [1, 2, 5, 9])
graded = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=1, max_size=14).map(
    lambda pairs: (np.array([score for score, _ in pairs], float), np.array([same for _, same in pairs]))
)


def accuracy_at(threshold, scores, same):
    return accuracy_score(same, [score >= threshold for score in scores])


@given(st.integers(0, 1000))
def test_cosines_agree_with_scipy_row_by_row(seed):
    a, b = np.random.default_rng(seed).normal(size=(2, 6, 5))
    assert cosines(a, b) == pytest.approx([1 - cosine(x, y) for x, y in zip(a, b, strict=True)])


def test_the_cosine_of_nothing_is_zero():
    assert cosines(np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[1.0, 2.0], [1.0, 1.0]])) == pytest.approx([0.0, 1.0])


@given(st.lists(st.integers(1, 6), min_size=2, max_size=8), st.integers(0, 1000), st.floats(0, 1))
def test_pairs_are_balanced_and_none_comes_twice(sizes, seed, share):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    every = list(combinations(range(len(labels)), 2))
    alike = sum(bool(labels[a] == labels[b]) for a, b in every)
    count = 2 * int(share * min(alike, len(every) - alike))
    first, second, same = seeded_pairs(labels, count, seed)
    assert len({*zip(first.tolist(), second.tolist(), strict=True)}) == len(first) == len(second) == len(same) == count
    assert (first < second).all() and same.sum() == count // 2
    assert ((labels[first] == labels[second]) == same).all()


def test_the_seed_draws_the_pairs():
    one, again, other = (np.stack(seeded_pairs(PEOPLE, 20, seed)) for seed in (1, 1, 2))
    assert (one == again).all() and (one != other).any()


def test_people_come_equally_often_however_many_pictures_they_have():
    labels = np.repeat(np.arange(3), [20, 20, 200])
    first, second, same = seeded_pairs(labels, 300, seed=0)
    assert np.bincount(labels[first[same]]) == pytest.approx([50, 50, 50], abs=15)
    assert np.bincount(np.r_[labels[first[~same]], labels[second[~same]]]) == pytest.approx([100, 100, 100], abs=25)


@pytest.mark.parametrize(("labels", "count"), [(PEOPLE, 3), (PEOPLE, 96), (np.arange(5), 2), (np.zeros(5, int), 2)])
def test_pairs_that_there_are_not_are_refused_in_one_line(labels, count):
    with pytest.raises(BadInput, match="expected an even number of pairs, at most") as error:
        seeded_pairs(labels, count, seed=0)
    assert "\n" not in str(error.value)


@given(graded)
def test_no_threshold_is_more_accurate_than_the_best(pairs):
    scores, same = pairs
    best = accuracy_at(best_threshold(scores, same), scores, same)
    assert best == max(accuracy_at(threshold, scores, same) for threshold in np.arange(-5, 6, 0.5))


@given(graded)
def test_of_equally_right_thresholds_it_is_the_middle_of_the_widest_gap(pairs):
    scores, same = pairs
    found, values = best_threshold(scores, same), sorted(set(scores.tolist()))
    middles = [(high - low, -low, (low + high) / 2) for low, high in pairwise(values)]
    best = accuracy_at(found, scores, same)
    right = [middle for middle in middles if accuracy_at(middle[-1], scores, same) == best]
    if right:
        assert found == max(right)[-1]
    else:
        assert found <= values[0] or found > values[-1]


def test_a_threshold_lies_in_the_middle_and_beyond_the_scores_where_one_answer_fits_all():
    assert best_threshold(np.array([0.1, 0.8, 0.3, 0.9]), np.array([False, True, False, True])) == pytest.approx(0.55)
    assert best_threshold(np.array([0.2, 0.4]), np.array([True, True])) == 0.2
    assert 0.4 < best_threshold(np.array([0.2, 0.4]), np.array([False, False])) < 0.401
    assert best_threshold(np.array([0.5, 0.5, 0.5]), np.array([True, False, True])) == 0.5


@given(graded)
def test_below_the_equal_error_threshold_more_is_accepted_wrongly_than_refused(pairs):
    scores, same = pairs
    assume(same.any() and not same.all())

    def wrongly_accepted_more(threshold):
        accepted, refused = (
            Fraction(sum(values), len(values))
            for values in ((scores[~same] >= threshold).tolist(), (scores[same] < threshold).tolist())
        )
        return accepted > refused

    found, values = equal_error_threshold(scores, same), sorted(set(scores.tolist()))
    below, above = [value for value in values if value < found], [value for value in values if value >= found]
    assert all(map(wrongly_accepted_more, below)) and not any(map(wrongly_accepted_more, above))
    assert not (below and above) or found == (below[-1] + above[0]) / 2


@pytest.mark.parametrize("count", [7, 9, 19, 34])
def test_errors_that_are_exactly_equal_are_found_equal(count):
    """One of `count` pairs of either kind lies on the other side: in floats, 1 / count and 1 - (count - 1) / count differ."""
    scores = np.r_[np.zeros(count - 1), 2.0, 1.0, np.full(count - 1, 3.0)]
    same = np.arange(2 * count) >= count
    assert equal_error_threshold(scores, same) == 1.5


def test_between_neighbouring_numbers_it_still_tells_them_apart():
    scores = np.array([1.0, np.nextafter(1.0, 2)])
    for threshold in (best_threshold, equal_error_threshold):
        assert (scores >= threshold(scores, np.array([False, True]))).tolist() == [False, True]


def test_cross_validation_agrees_with_a_plain_loop_over_scikit_learns_folds():
    """Other folds of the same kind give the same mean within its standard error, and the error is the folds'."""
    draw = np.random.default_rng(0)
    same = np.arange(2000) < 1000
    scores = draw.normal(same * 1.5, 1)
    shares = []
    for others, own in StratifiedKFold(10, shuffle=True, random_state=1).split(scores, same):
        candidates = np.sort(scores[others])
        threshold = max(candidates, key=lambda value: ((scores[others] >= value) == same[others]).sum())
        shares.append(accuracy_at(threshold, scores[own], same[own]))
    mean, error = cross_validated_accuracy(scores, same)
    assert mean == pytest.approx(np.mean(shares), abs=0.01)
    assert error == pytest.approx(np.std(shares, ddof=1) / 10**0.5, rel=0.6)


def test_cross_validation_is_right_about_what_is_clear_and_at_chance_about_noise():
    same = np.arange(400) % 2 == 0
    assert cross_validated_accuracy(same + 0.0, same) == (1.0, 0.0)
    mean, error = cross_validated_accuracy(np.random.default_rng(2).normal(size=400), same)
    assert abs(mean - 0.5) < 4 * error


@given(st.integers(0, 500), st.floats(0.1, 5), st.floats(-3, 3))
def test_cross_validation_knows_no_scale(seed, factor, shift):
    draw = np.random.default_rng(seed)
    same = draw.permutation(np.arange(60) < 30)
    scores = draw.normal(same * 1.0, 1)
    assert cross_validated_accuracy(scores, same, 5, seed) == pytest.approx(
        cross_validated_accuracy(factor * scores + shift, same, 5, seed)
    )


@pytest.mark.parametrize("folds", [1, 4])
def test_folds_that_would_lack_a_kind_are_refused(folds):
    with pytest.raises(BadInput, match="expected 2 to 3 folds"):
        cross_validated_accuracy(np.arange(9.0), np.arange(9) < 3, folds)
