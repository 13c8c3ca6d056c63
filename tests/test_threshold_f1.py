"""F1 over all choices of threshold models, against going through them one by one with scikit-learn."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from pipeline.metrics.thresholds import CHOICES, DRAWN, f1_midpoint, f1_worst_of_four, threshold_choices

values = st.integers(0, 6).map(float)
layouts = st.sampled_from([[2, 2, 2, 2], [1, 2, 2, 3], [3, 3], [5], [2, 2, 2]])


def every_choice(archs):
    names = sorted(set(archs))
    if len(names) == 4:
        return list(product(*([place for place, arch in enumerate(archs) if arch == name] for name in names)))
    return list(combinations(range(len(archs)), 4))


def judged_f1(stolen, irrelevant, threshold):
    truth = [1] * len(stolen) + [0] * len(irrelevant)
    return f1_score(truth, np.r_[stolen, irrelevant] > threshold, zero_division=0)


def drawn(data, layout):
    archs = np.repeat([f"arch{number}" for number in range(len(layout))], layout)
    return np.array(data.draw(st.lists(values, min_size=len(archs), max_size=len(archs)))), archs


@settings(max_examples=40, deadline=None)
@given(st.data(), layouts, st.lists(values, min_size=1, max_size=6))
def test_f1_of_the_worst_of_four_is_the_mean_over_every_choice(data, layout, stolen):
    irrelevant, archs = drawn(data, layout)
    choices = every_choice(list(archs))
    thresholds = [irrelevant[list(four)].max() for four in choices]
    expected = [
        judged_f1(stolen, np.delete(irrelevant, four), threshold) for four, threshold in zip(choices, thresholds, strict=True)
    ]
    assert f1_worst_of_four(np.array(stolen), irrelevant, archs) == pytest.approx((np.mean(expected), np.mean(thresholds)))


@settings(max_examples=20, deadline=None)
@given(st.data(), st.sampled_from([[2, 2, 1, 1], [3, 2]]), st.booleans())
def test_midpoint_f1_is_the_mean_over_every_pair_of_choices(data, layout, own):
    irrelevant, archs = drawn(data, layout)
    adversarial, adversarial_archs = drawn(data, layout[::-1])
    stolen = adversarial if own else np.array([1.0, 3.0, 5.0])
    expected = []
    for four, known in product(every_choice(list(archs)), every_choice(list(adversarial_archs))):
        threshold = (irrelevant[list(four)].mean() + adversarial[list(known)].mean()) / 2
        expected.append(judged_f1(np.delete(stolen, known) if own else stolen, np.delete(irrelevant, four), threshold))
    found = f1_midpoint(stolen, irrelevant, archs, adversarial, adversarial_archs, own)
    assert found == pytest.approx(np.mean(expected))


def test_f1_needs_more_than_four_models_of_a_kind():
    archs = np.array(["a", "b", "c", "d"])
    assert np.isnan(f1_worst_of_four(np.ones(3), np.zeros(4), archs)).all()
    assert np.isnan(f1_midpoint(np.ones(3), np.zeros(4), archs, np.ones(8), np.repeat(archs, 2), False))
    assert np.isnan(f1_midpoint(np.ones(3), np.zeros(8), np.repeat(archs, 2), np.ones(4), archs, False))


def test_a_suspect_on_the_threshold_is_not_flagged():
    archs = np.repeat(["a", "b", "c", "d"], 2)
    assert f1_worst_of_four(np.array([1.0, 2.0]), np.ones(8), archs)[0] == pytest.approx(2 / 3)


@pytest.mark.parametrize(("layout", "count"), [([2] * 4, 16), ([3] * 4, 81), ([5] * 4, 625), ([6, 6], 495)])
def test_every_choice_is_gone_through_once(layout, count):
    archs = np.repeat([f"arch{number}" for number in range(len(layout))], layout)
    choices = threshold_choices(archs)
    assert len(choices) == len({tuple(four) for four in choices}) == count


@pytest.mark.parametrize("archs", [np.repeat(["a", "b", "c", "d"], 30), np.repeat(["a", "b", "c"], 60)])
def test_of_too_many_choices_some_are_drawn_by_the_same_rule(archs):
    choices = threshold_choices(archs)
    assert len(choices) == DRAWN < CHOICES
    assert all(len(set(four)) == 4 for four in choices[:50])
    if len(set(archs)) == 4:
        assert all(len(set(archs[four])) == 4 for four in choices[:50])


def test_drawn_pairs_of_choices_come_near_the_mean_over_all():
    draw, archs = np.random.default_rng(7), np.repeat(["a", "b", "c", "d"], 6)
    irrelevant, adversarial = draw.normal(0, 1, 24), draw.normal(1, 1, 24)
    few = f1_midpoint(adversarial, irrelevant, archs, adversarial, archs, True)
    sampled = []
    for _ in range(2000):
        four, known = (np.array([draw.choice(np.flatnonzero(archs == name)) for name in "abcd"]) for _ in range(2))
        threshold = (irrelevant[four].mean() + adversarial[known].mean()) / 2
        sampled.append(judged_f1(np.delete(adversarial, known), np.delete(irrelevant, four), threshold))
    assert few == pytest.approx(np.mean(sampled), abs=0.01)
