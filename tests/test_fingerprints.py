"""Scores against naive double loops and scipy, invariances, and whole paths whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import pearsonr

from pipeline.core.names import known, module
from pipeline.fingerprints import correlation, representation
from pipeline.fingerprints.comparing import Told
from pipeline.fingerprints.scoring import score_frame
from pipeline.outputs.table import Answers
from tests.making import make_suspects

COMPARISONS = {name: module("fingerprints", name).Comparison() for name in known("fingerprints")}
CORRELATIONS = [name for name, comparison in COMPARISONS.items() if not comparison.same_classes]


OWN_TESTS = {"partial", "partial_pointwise", "label_likelihood", "linear_cka", "procrustes", "distance_correlation"}


def cos(a, b):
    return a @ b / np.sqrt((a @ a) * (b @ b))


def rbf(a, b):
    a, b = a / np.sqrt(a @ a), b / np.sqrt(b @ b)
    return np.exp(-((a - b) ** 2).sum() / (2 * 0.5))


def matrix(answers, kernel):
    return np.array([[kernel(a, b) for b in answers] for a in answers])


def off_diagonal(square):
    return square[~np.eye(len(square), dtype=bool)]


NAIVE = {
    "cosine_l1": lambda s, t: -np.abs(matrix(s, cos) - matrix(t, cos)).sum() / len(s) ** 2,
    "rbf_l1": lambda s, t: -np.abs(matrix(s, rbf) - matrix(t, rbf)).sum() / len(s) ** 2,
    "cosine_pearson": lambda s, t: pearsonr(off_diagonal(matrix(s, cos)), off_diagonal(matrix(t, cos))).statistic - 1,
    "pointwise_cosine": lambda s, t: np.mean([cos(a, b) for a, b in zip(s, t, strict=True)]),
    "acceptance": lambda s, t: -abs(sum(s.ravel()) / s.size - sum(t.ravel()) / t.size),
    "matching": lambda s, t: np.mean([a.argmax() == b.argmax() for a, b in zip(s, t, strict=True)]),
}


def draw(seed, probes=9, suspects=4, classes=5):
    generator = np.random.default_rng(seed)
    source = generator.normal(size=(probes, classes))
    others = source + generator.normal(size=(suspects, probes, classes)) * np.arange(suspects)[:, None, None]
    labels = generator.integers(0, classes, probes)
    return source, others, labels, np.full(probes, -1)


@pytest.mark.parametrize("name", NAIVE)
@given(seed=st.integers(0, 10**6))
def test_score_is_the_naive_double_loop(name, seed):
    source, suspects, labels, targets = draw(seed)
    expected = [NAIVE[name](source, suspect) for suspect in suspects]
    assert COMPARISONS[name](Told(source, suspects, labels, targets)) == pytest.approx(expected, abs=1e-9)


def test_every_comparison_is_tested_against_a_loop():
    assert set(NAIVE) | {"mistakes", "decision_distance", *OWN_TESTS} == set(COMPARISONS)


def test_the_gaussian_of_a_zero_answer_is_one_with_zeros_and_the_same_with_all_others():
    answers = correlation.unit(np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0], [0.0, 2.0]]))
    table = correlation.gaussian(0.5**0.5)(answers, answers)
    assert table[0] == pytest.approx([1, 1, np.exp(-1), np.exp(-1)]) and table[2, 3] == pytest.approx(np.exp(-2))


@pytest.mark.parametrize("name", COMPARISONS)
def test_features_of_bits_are_compared_as_they_are(name):
    scored = COMPARISONS[name].scored_on("fri")
    assert scored == (() if name in ("matching", "mistakes", "decision_distance", "label_likelihood") else ("logits",))
    assert name == "acceptance" or (not COMPARISONS[name].methods) == bool(COMPARISONS[name].scored_on("jpeg"))


def test_mistakes_is_minus_the_accuracy():
    source, suspects, labels, targets = draw(0)
    expected = [-np.mean([row.argmax() == label for row, label in zip(suspect, labels, strict=True)]) for suspect in suspects]
    assert COMPARISONS["mistakes"](Told(source, suspects, labels, targets)) == pytest.approx(expected)


def test_matching_expects_the_target_where_there_is_one():
    source, suspects, labels, _ = draw(1)
    targets = np.arange(9) % 5
    expected = (suspects.argmax(-1) == targets).mean(-1)
    assert COMPARISONS["matching"](Told(source, suspects, labels, targets)) == pytest.approx(expected)


@pytest.mark.parametrize("name", sorted(set(COMPARISONS) - {"mistakes"}))
@given(seed=st.integers(0, 10**6))
def test_the_source_itself_scores_highest(name, seed):
    source, suspects, labels, targets = draw(seed)
    scores = COMPARISONS[name](Told(source, np.stack([source, *suspects]), labels, targets))
    assert scores[0] == pytest.approx(scores.max(), abs=1e-9)


@pytest.mark.parametrize("name", sorted(set(COMPARISONS) - {"decision_distance"}))
@given(seed=st.integers(0, 10**6))
def test_the_order_of_probes_does_not_matter(name, seed):
    source, suspects, labels, targets = draw(seed)
    order = np.random.default_rng(seed).permutation(len(source))
    moved = COMPARISONS[name](Told(source[order], suspects[:, order], labels[order], targets[order]))
    assert moved == pytest.approx(COMPARISONS[name](Told(source, suspects, labels, targets)), abs=1e-9)


@pytest.mark.parametrize("name", CORRELATIONS)
@given(seed=st.integers(0, 10**6), scale=st.floats(0.01, 100))
def test_scaling_logits_changes_no_correlation(name, seed, scale):
    source, suspects, labels, targets = draw(seed)
    scaled = COMPARISONS[name](Told(source, suspects * scale, labels, targets))
    assert scaled == pytest.approx(COMPARISONS[name](Told(source, suspects, labels, targets)), abs=1e-7)


@pytest.mark.parametrize("name", CORRELATIONS)
def test_permuting_a_suspects_classes_changes_no_correlation(name):
    source, suspects, labels, targets = draw(2)
    moved = COMPARISONS[name](Told(source, suspects[..., [4, 2, 0, 1, 3]], labels, targets))
    assert moved == pytest.approx(COMPARISONS[name](Told(source, suspects, labels, targets)))


@pytest.mark.parametrize("name", CORRELATIONS)
def test_blocks_give_what_the_whole_matrix_gives(name, monkeypatch):
    arguments = draw(3, probes=37)
    whole = COMPARISONS[name](Told(*arguments))
    monkeypatch.setattr(correlation, "BLOCK", 300)
    assert COMPARISONS[name](Told(*arguments)) == pytest.approx(whole, abs=1e-12)


def test_ten_thousand_probes_never_hold_a_whole_matrix():
    import tracemalloc

    source, suspects, labels, targets = draw(4, probes=10_000, suspects=1, classes=3)
    tracemalloc.start()
    score = COMPARISONS["cosine_l1"](Told(source, suspects + 0.1, labels, targets))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.isfinite(score).all()
    assert peak < 10_000**2 * 8 / 4


def test_a_zero_answer_has_correlation_zero_with_all():
    source = np.array([[1.0, 0.0], [1.0, 1.0]])
    suspects = np.array([[[0.0, 0.0], [1.0, 1.0]]])
    expected = -(1 + 2 * np.sqrt(0.5) + 0) / 4
    assert COMPARISONS["cosine_l1"](Told(source, suspects, np.zeros(2, int), np.full(2, -1))) == pytest.approx([expected])


def made_answers(classes=("a", "b", "c")):
    """Six suspects: the source twice, noise twice, and two with other classes."""
    generator = np.random.default_rng(0)
    source = generator.normal(size=(40, 3)).astype(np.float32)
    noise = [generator.normal(size=(40, 3)).astype(np.float32) for _ in range(2)]
    other = [generator.normal(size=(40, 5)).astype(np.float32) for _ in range(2)]
    suspects = make_suspects()
    names = [classes] * 4 + [("v", "w", "x", "y", "z")] * 2
    return Answers(
        "clean", source, classes, suspects, [source, source * 3, *noise, *other], names, np.zeros(40, int), np.full(40, -1)
    )


def test_a_made_zoo_is_told_apart_and_other_classes_get_a_dash():
    frame = score_frame("made", made_answers(), COMPARISONS, counts=(10, 100))
    assert set(frame["count"]) == {10, 40}
    for (comparison, kept), own in frame[frame["count"] == 40].groupby(["comparison", "representation"]):
        by_attack = own.set_index("suspect")["score"]
        assert np.isnan(by_attack["s4"]) == np.isnan(by_attack["s5"]) == COMPARISONS[comparison].same_classes
        if comparison != "mistakes" and kept == "logits":
            assert min(by_attack["s0"], by_attack["s1"]) > max(by_attack["s2"], by_attack["s3"])
    exact = frame[(frame["comparison"] == "cosine_l1") & (frame["suspect"] == "s0")]["score"]
    assert exact.to_numpy() == pytest.approx(np.zeros(len(exact)), abs=1e-12)


def test_classes_are_compared_by_name_and_not_by_number():
    answers = made_answers()
    renamed = [*answers.classes[:2], ("x", "y", "z"), *answers.classes[3:]]
    frame = score_frame("made", Answers(**{**vars(answers), "classes": renamed}), COMPARISONS, ())
    matching = frame[frame["comparison"] == "matching"].set_index("suspect")["score"]
    assert np.isnan(matching["s2"]) and not np.isnan(matching["s3"])


def test_softmax_is_scipys():
    logits = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32) * 50
    ours = representation.softmax(logits)
    assert ours == pytest.approx(softmax(logits.astype(float), axis=-1))
