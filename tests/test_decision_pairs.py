"""ModelDiff: pairs made on the source, and decision distances against a plain loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cosine

from pipeline.core.errors import BadInput
from pipeline.fingerprints.comparing import Told
from pipeline.fingerprints.decision_distance import Comparison
from pipeline.models.network import predict
from pipeline.probes.decision_pairs import Family
from pipeline.tasks.recipe import Adversary, Recipe
from pipeline.training.fit import fit_new

PAIRS = Family(count=20, adversary=Adversary(epsilon=51 / 255, step=17 / 255, steps=5))
COMPARE = Comparison()


@pytest.fixture(scope="module")
def pairs(pool, models):
    return PAIRS(pool, models)[0]


def draw(seed, probes=12, suspects=4, classes=5):
    generator = np.random.default_rng(seed)
    source = generator.normal(size=(probes, classes))
    others = source + generator.normal(size=(suspects, probes, classes)) * np.arange(suspects)[:, None, None]
    return source, others, generator.integers(0, classes, probes), np.full(probes, -1)


def naive_vector(answers):
    return [cosine(answers[place], answers[place + 1]) for place in range(0, len(answers) - 1, 2)]


@given(st.integers(0, 10**6), st.integers(2, 13))
def test_score_is_the_cosine_of_two_vectors_of_cosine_distances(seed, probes):
    source, suspects, labels, targets = draw(seed, probes)
    expected = [1 - cosine(naive_vector(source), naive_vector(suspect)) for suspect in suspects]
    assert COMPARE(Told(source, suspects, labels, targets)) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 10**6), st.floats(0.01, 100))
def test_neither_the_scale_of_answers_nor_the_order_of_classes_or_pairs_matters(seed, scale):
    source, suspects, labels, targets = draw(seed)
    score = COMPARE(Told(source, suspects, labels, targets))
    order = (2 * np.random.default_rng(seed).permutation(6)[:, None] + [0, 1]).ravel()
    for moved in (
        (source, suspects * scale),
        (source * scale, suspects),
        (source, suspects[..., [4, 2, 0, 1, 3]]),
        (source[order], suspects[:, order]),
    ):
        assert COMPARE(Told(*moved, labels, targets)) == pytest.approx(score, abs=1e-9)


@given(st.integers(0, 10**6))
def test_the_source_itself_scores_one_and_nobody_more(seed):
    source, suspects, labels, targets = draw(seed)
    scores = COMPARE(Told(source, np.stack([source, *suspects]), labels, targets))
    assert scores[0] == pytest.approx(1) and (scores >= 0).all() and scores.max() == pytest.approx(1)


def test_classes_need_not_be_the_same():
    source, _, labels, targets = draw(0)
    other = np.random.default_rng(1).normal(size=(2, 12, 3))
    assert not Comparison.same_classes and Comparison.methods == ("modeldiff",)
    assert COMPARE(Told(source, other, labels, targets)) == pytest.approx(
        [1 - cosine(naive_vector(source), naive_vector(one)) for one in other]
    )


def test_a_last_probe_without_a_partner_is_ignored():
    source, suspects, labels, targets = draw(3, probes=7)
    assert (
        COMPARE(Told(source, suspects, labels, targets)) == COMPARE(Told(source[:6], suspects[:, :6], labels[:6], targets[:6]))
    ).all()


def test_a_model_that_always_answers_the_same_scores_zero():
    source, suspects, labels, targets = draw(4)
    constant = np.broadcast_to(suspects[0, 0] + 0.1, suspects.shape)
    assert (COMPARE(Told(source, constant, labels, targets)) == 0).all()
    assert (COMPARE(Told(source, np.zeros_like(suspects), labels, targets)) == 0).all()


def test_small_distances_keep_their_digits():
    """Answers that differ by 1e-9: their cosine rounds to 1, their distance does not round to 0."""
    source = np.array([[1.0, 0.0], [1.0, 1e-9], [1.0, 0.0], [1.0, 3e-9]])
    suspect = np.array([[[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 0.0]]])
    expected = 1 / np.sqrt(1 + 9**2)
    assert COMPARE(Told(source, suspect, None, None)) == pytest.approx([expected], rel=1e-6)


def test_a_pair_is_an_image_of_the_pool_and_its_variant_within_the_ball(pairs, pool):
    assert pairs.method == "modeldiff" and len(pairs) == 40 and pairs.images.dtype == np.uint8
    seeds, variants = pairs.images[::2], pairs.images[1::2]
    assert (pairs.index[::2] == pairs.index[1::2]).all() and (np.diff(pairs.index[::2]) > 0).all()
    assert (seeds == pool.images[pairs.index[::2]]).all() and (pairs.labels == pool.labels[pairs.index]).all()
    change = np.abs(variants.astype(int) - seeds)
    assert change.max() == 51 and change.any(axis=(1, 2, 3)).all()
    assert (pairs.targets == -1).all()


def test_variants_are_less_like_the_sources_own_label_and_some_have_another(pairs, source):
    seeds, variants = (predict(source, pairs.images[start::2]) for start in (0, 1))
    own = seeds.argmax(1)

    def margins(logits):
        others = np.where(np.arange(3) == own[:, None], -np.inf, logits)
        return logits[np.arange(len(own)), own] - others.max(1)

    assert (margins(variants) < margins(seeds)).all()
    assert pairs.facts["success_after"] == pytest.approx((variants.argmax(1) != own).mean())
    assert pairs.facts["success_after"] > 0 and all(isinstance(value, float) for value in pairs.facts.values())


def test_whole_levels_survive_rounding_and_less_than_half_a_level_does_not(pairs, pool, models):
    assert pairs.facts["success_before"] == pairs.facts["success_after"]
    faint = PAIRS.model_copy(update={"adversary": Adversary(epsilon=0.001, step=0.001, steps=2)})
    images = faint(pool, models)[0].images
    assert (images[::2] == images[1::2]).all()


def test_the_seed_draws_images_and_noise_and_the_source_is_left_alone(pairs, pool, models):
    before = models.source.read_bytes()
    noisy = PAIRS.adversary.model_copy(update={"random_start": True, "steps": 1})
    family = PAIRS.model_copy(update={"adversary": noisy, "count": len(pool)})
    one, same, other = (family.model_copy(update={"seed": seed})(pool, models)[0] for seed in (0, 0, 1))
    assert (one.images == same.images).all() and (one.images[1::2] != other.images[1::2]).any()
    assert (PAIRS(pool, models)[0].images == pairs.images).all()
    assert set(PAIRS.model_copy(update={"seed": 1})(pool, models)[0].index) != set(pairs.index)
    assert models.source.read_bytes() == before


def test_more_pairs_than_images_are_refused(pool, models):
    with pytest.raises(BadInput, match=r"probes\.decision_pairs\.count: 31 pairs asked for, pool has 30 images"):
        Family(count=31)(pool, models)


def test_a_fine_tuned_copy_scores_above_an_irrelevant_model(pairs, source, tiny, other_tiny):
    from pipeline.models.network import clone
    from pipeline.training.fit import fit

    tuned = fit(clone(source), other_tiny, Recipe(epochs=2, batch=32, rate=0.01), seed=1)
    stranger = fit_new("vgg_slim", other_tiny, Recipe(epochs=6, batch=32, rate=0.05), seed=5)
    own, *others = (predict(network, pairs.images).astype(float) for network in (source, tuned, stranger))
    copy, irrelevant = COMPARE(Told(own, np.stack(others), pairs.labels, pairs.targets))
    assert copy > irrelevant
