"""What references do not explain: against independent regressions, and what may not change it."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import procrustes as aligned
from scipy.spatial.distance import pdist, squareform
from scipy.stats import ortho_group, pearsonr

from pipeline.fingerprints import (
    correlation,
    distance_correlation,
    label_likelihood,
    linear_cka,
    partial,
    partial_pointwise,
    procrustes,
)
from pipeline.fingerprints.comparing import Told
from pipeline.fingerprints.partial_correlation import products

PARTIALS = {"pairwise": partial.Comparison(), "pointwise": partial_pointwise.Comparison()}
RIVALS = {
    "linear_cka": linear_cka.Comparison(),
    "procrustes": procrustes.Comparison(),
    "distance_correlation": distance_correlation.Comparison(),
}
seeds = st.integers(0, 10**6)


def draw(seed, probes=12, suspects=3, classes=4, references=3):
    """A source, suspects that share more and more noise with it, and references, all with something in common."""
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(probes, classes))
    source = common + generator.normal(size=(probes, classes))
    others = source + generator.normal(size=(suspects, probes, classes)) * np.arange(1, suspects + 1)[:, None, None]
    known = [common + generator.normal(size=(probes, classes)) for _ in range(references)]
    return source, others, known


def score(comparison, source, suspects, references=()):
    blank = np.full(len(source), -1)
    return comparison(Told(source, suspects, blank, blank, references))


def naive_entries(name, answers):
    """The entries of one model, one by one."""
    centred = answers - answers.mean(axis=0)
    units = [row / np.sqrt(row @ row) for row in centred]
    if name == "pointwise":
        return np.concatenate(units)
    return np.array([one @ other for i, one in enumerate(units) for j, other in enumerate(units) if i != j])


def residual(entries, known):
    """What least squares on a constant and `known` leaves of `entries`."""
    design = np.column_stack([np.ones(len(entries)), *known])
    return entries - design @ np.linalg.lstsq(design, entries, rcond=None)[0]


@pytest.mark.parametrize("comparison", [*PARTIALS.values(), label_likelihood.Comparison()], ids=[*PARTIALS, "labels"])
@given(seed=seeds, chosen=st.lists(st.integers(0, 4), unique=True))
def test_a_choice_of_references_scores_as_if_they_alone_were_told(comparison, seed, chosen):
    source, suspects, known = draw(seed, references=5)
    blank = np.full(len(source), -1)
    found = comparison.given(Told(source, suspects, blank, blank, known))(np.array(chosen, int))
    assert found == pytest.approx(score(comparison, source, suspects, [known[place] for place in chosen]), abs=1e-9)


@pytest.mark.parametrize("name", PARTIALS)
@given(seed=seeds, references=st.integers(0, 5))
def test_it_is_the_correlation_of_the_residuals_of_a_regression(name, seed, references):
    source, suspects, known = draw(seed, references=references)
    design = [naive_entries(name, own) for own in known]
    left = residual(naive_entries(name, source), design)
    expected = [pearsonr(left, residual(naive_entries(name, own), design)).statistic for own in suspects]
    assert score(PARTIALS[name], source, suspects, known) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", PARTIALS)
@given(seed=seeds)
def test_with_one_reference_it_is_the_textbook_formula(name, seed):
    source, suspects, known = draw(seed, references=1)
    x, z = naive_entries(name, source), naive_entries(name, known[0])
    expected = []
    for y in (naive_entries(name, own) for own in suspects):
        xy, xz, yz = (pearsonr(*pair).statistic for pair in ((x, y), (x, z), (y, z)))
        expected.append((xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2)))
    assert score(PARTIALS[name], source, suspects, known) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", PARTIALS)
@given(seed=seeds)
def test_the_order_of_probes_and_of_references_does_not_matter(name, seed):
    source, suspects, known = draw(seed)
    order = np.random.default_rng(seed).permutation(len(source))
    moved = score(PARTIALS[name], source[order], suspects[:, order], [own[order] for own in known[::-1]])
    assert moved == pytest.approx(score(PARTIALS[name], source, suspects, known), abs=1e-9)


@pytest.mark.parametrize("name", PARTIALS)
@given(seed=seeds, scale=st.floats(0.01, 100))
def test_scaling_and_shifting_a_models_logits_changes_nothing(name, seed, scale):
    source, suspects, known = draw(seed)
    moved = score(PARTIALS[name], source / scale, suspects * scale + 3, [own * scale - 1 for own in known])
    assert moved == pytest.approx(score(PARTIALS[name], source, suspects, known), abs=1e-9)


@given(seed=seeds)
def test_every_model_may_be_rotated_on_its_own_and_have_classes_of_its_own(seed):
    source, suspects, known = draw(seed)
    turned = [own @ ortho_group.rvs(4, random_state=seed + place) for place, own in enumerate([source, *suspects, *known])]
    wider = [np.pad(own, ((0, 0), (0, 3))) @ ortho_group.rvs(7, random_state=seed) for own in turned[4:]]
    expected = score(PARTIALS["pairwise"], source, suspects, known)
    assert score(PARTIALS["pairwise"], turned[0], np.stack(turned[1:4]), wider) == pytest.approx(expected, abs=1e-9)


@given(seed=seeds, times=st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_adding_references_to_a_suspects_matrix_changes_nothing(seed, times):
    generator = np.random.default_rng(seed)
    source, suspects, known = (generator.normal(size=size) for size in (60, (4, 60), (3, 60)))
    expected = products(source, suspects, known).partial_correlations()
    assert products(source, suspects + np.array(times) @ known, known).partial_correlations() == pytest.approx(expected)


@pytest.mark.parametrize("name", PARTIALS)
@given(seed=seeds)
def test_the_source_itself_scores_one_whatever_the_references(name, seed):
    source, _, known = draw(seed)
    assert score(PARTIALS[name], source, source[None] * 3, known) == pytest.approx([1], abs=1e-9)


@given(seed=seeds, times=st.lists(st.floats(-5, 5), min_size=3, max_size=3), constant=st.floats(-5, 5))
def test_a_combination_of_references_scores_zero_by_definition(seed, times, constant):
    generator = np.random.default_rng(seed)
    source, known = generator.normal(size=60), generator.normal(size=(3, 60))
    made = np.array(times) @ known + constant
    assert products(source, made[None], known).partial_correlations()[0] == 0
    assert products(made, source[None], known).partial_correlations()[0] == 0


@pytest.mark.parametrize("name", PARTIALS)
def test_a_reference_scores_zero_and_so_does_all_if_the_source_is_one(name):
    source, suspects, known = draw(0)
    assert (score(PARTIALS[name], source, np.stack(known), known) == 0).all()
    assert (score(PARTIALS[name], known[0], suspects, known) == 0).all()


@pytest.mark.parametrize("name", PARTIALS)
def test_a_reference_that_is_given_twice_explains_no_more(name):
    source, suspects, known = draw(1)
    again = score(PARTIALS[name], source, suspects, [*known, known[0], 2 * known[0]])
    assert again == pytest.approx(score(PARTIALS[name], source, suspects, known))


@pytest.mark.parametrize("name", PARTIALS)
def test_a_model_that_always_answers_the_same_scores_zero(name):
    source, suspects, known = draw(2)
    constant = np.ones((1, 12, 4)) * [1, 2, 3, 4]
    assert (score(PARTIALS[name], source, constant, known) == 0).all()
    steady = score(PARTIALS[name], source, suspects, [*known, constant[0]])
    assert steady == pytest.approx(score(PARTIALS[name], source, suspects, known))


@pytest.mark.parametrize("comparison", [partial.Comparison(), distance_correlation.Comparison()])
def test_blocks_give_what_the_whole_matrix_gives(comparison, monkeypatch):
    source, suspects, known = draw(3, probes=37)
    whole = score(comparison, source, suspects, known)
    monkeypatch.setattr(correlation, "BLOCK", 300)
    assert score(comparison, source, suspects, known) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("comparison", [partial.Comparison(), distance_correlation.Comparison()])
def test_memory_grows_with_the_answers_and_not_with_their_pairs(comparison):
    source, suspects, known = draw(4, probes=6_000, suspects=10, classes=3, references=2)
    tracemalloc.start()
    found = score(comparison, source, suspects, known)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.isfinite(found).all()
    assert peak < 4 * 8 * correlation.BLOCK + 8 * suspects.nbytes < 6_000**2 * 8


@given(seed=seeds)
def test_label_likelihood_is_the_sum_over_probes_of_the_log_ratio(seed):
    source, suspects, known = draw(seed)
    expected = []
    for suspect in suspects:
        total = 0.0
        for probe, answer in enumerate(source):
            label = answer.argmax()
            by_reference = (1 + sum(own[probe].argmax() == label for own in known)) / (2 + len(known))
            by_copy = 0.7 + 0.3 * by_reference
            matches = suspect[probe].argmax() == label
            total += np.log(by_copy / by_reference) if matches else np.log((1 - by_copy) / (1 - by_reference))
        expected.append(total)
    assert score(label_likelihood.Comparison(copied=0.7), source, suspects, known) == pytest.approx(expected)


def test_label_likelihood_expects_the_target_where_there_is_one():
    source, suspects, known = draw(5)
    labels, targets = np.zeros(12, int), suspects[0].argmax(axis=-1)
    scores = label_likelihood.Comparison()(Told(source, suspects, labels, targets, known))
    assert scores[0] == scores.max() and scores[0] > scores[1]


@given(seed=seeds)
def test_linear_cka_is_the_normalised_hsic_of_gram_matrices(seed):
    source, suspects, _ = draw(seed)
    centre = np.eye(12) - 1 / 12

    def hsic(a, b):
        return np.trace(a @ a.T @ centre @ b @ b.T @ centre)

    expected = [hsic(source, own) / np.sqrt(hsic(source, source) * hsic(own, own)) for own in suspects]
    assert score(RIVALS["linear_cka"], source, suspects) == pytest.approx(expected)


@given(seed=seeds)
def test_procrustes_is_scipys(seed):
    source, suspects, _ = draw(seed)
    for found, own in zip(score(RIVALS["procrustes"], source, suspects), suspects, strict=True):
        similarity = 1 + found / 2  # scipy also scales: its disparity is 1 - similarity^2
        assert 1 - similarity**2 == pytest.approx(aligned(source, own)[2])


@given(seed=seeds)
def test_distance_correlation_is_that_of_centred_distance_matrices(seed):
    source, suspects, _ = draw(seed)

    def centred(answers):
        table = squareform(pdist(answers))
        return table - table.mean(0) - table.mean(1)[:, None] + table.mean()

    def covariance(a, b):
        return (centred(a) * centred(b)).mean()

    expected = [
        (covariance(source, own) / np.sqrt(covariance(source, source) * covariance(own, own))) ** 0.5 for own in suspects
    ]
    assert score(RIVALS["distance_correlation"], source, suspects) == pytest.approx(expected)


@pytest.mark.parametrize("name", RIVALS)
def test_rivals_need_no_common_classes_and_know_a_rotated_source(name):
    source, suspects, _ = draw(6)
    wide = np.pad(source, ((0, 0), (0, 2))) @ ortho_group.rvs(6, random_state=0) * 5 + 1
    best = {"linear_cka": 1, "procrustes": 0, "distance_correlation": 1}[name]
    assert score(RIVALS[name], source, wide[None]) == pytest.approx([best])
    assert (score(RIVALS[name], source, suspects) < best).all()


@pytest.mark.parametrize(("name", "least"), [("linear_cka", 0), ("procrustes", -2), ("distance_correlation", 0)])
def test_a_model_that_always_answers_the_same_has_the_least_score(name, least):
    source, _, _ = draw(7)
    assert score(RIVALS[name], source, np.ones((1, 12, 4))) == pytest.approx([least])
