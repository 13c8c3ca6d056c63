"""IPGuard's points against its loss in plain NumPy and against Adam written out for one image at a time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import BadInput
from pipeline.data.images import from_arrays
from pipeline.fingerprints.comparing import Told
from pipeline.fingerprints.matching import Comparison
from pipeline.models import network
from pipeline.models.network import build, load, predict, save
from pipeline.probes.boundary import Family, boundary_loss
from pipeline.probes.probe_set import DefenderModels
from pipeline.tasks.recipe import Recipe
from pipeline.training.fit import fit_new

NEAR = Family(count=20, minimum=10, k=1.0, rate=0.003, steps=500)
BRISK = Family(count=20, minimum=1, k=1.0, rate=0.02, steps=100)


@pytest.fixture(scope="module")
def near(pool, models):
    return NEAR(pool, models)[0]


def changed(family: Family, **how) -> Family:
    return Family(**{**family.model_dump(), **how})


def naive_loss(logits, own, aim, k):
    rest = [value for place, value in enumerate(logits) if place not in (own, aim)]
    return max(0, logits[own] - logits[aim] + k) + max(0, max(rest, default=-np.inf) - logits[own])


@given(st.integers(0, 10**6), st.integers(2, 6), st.floats(0, 5))
def test_the_loss_is_ipguards(seed, classes, k):
    draw = np.random.default_rng(seed)
    logits = draw.normal(size=(7, classes)) * 3
    own = draw.integers(0, classes, 7)
    aims = (own + draw.integers(1, classes, 7)) % classes
    expected = [naive_loss(*row, k) for row in zip(logits, own, aims, strict=True)]
    assert boundary_loss(*map(torch.from_numpy, (logits, own, aims)), k).numpy() == pytest.approx(expected, abs=1e-12)


def test_points_lie_just_beyond_the_boundary_between_the_first_label_and_the_least_likely(near, pool, source):
    start, logits = predict(source, pool.images[near.index]), predict(source, near.images)
    own, aims = start.argmax(1), start.argmin(1)
    assert (logits.argmax(1) == aims).all() and (np.argsort(logits, axis=1)[:, -2] == own).mean() > 0.8
    assert max(map(naive_loss, logits, own, aims, [1.0] * len(near))) < 0.3
    gaps = logits[np.arange(len(near)), aims] - logits[np.arange(len(near)), own]
    assert gaps == pytest.approx(1.0, abs=0.4) and gaps.mean() < (start.max(1) - start.min(1)).mean() / 4


@pytest.fixture
def in_double(models, monkeypatch):
    """The source computes in float64: rounding in float32 grows over the steps, in a batch otherwise than alone."""
    double = load(models.source).double()
    monkeypatch.setattr(network, "load", lambda path: double)
    return double


def alone(source, image, own, aim, how):
    """Adam (Kingma and Ba, 2015, algorithm 1) on one image, clipped to [0, 1]: the point, and the steps it took."""
    point, first, second = image.astype(np.float32) / 255, 0, 0
    for step in range(1, how.steps + 2):
        pixels = torch.from_numpy(point)[None].requires_grad_()
        logits = source(pixels)[0]
        if naive_loss(logits.detach().numpy(), own, aim, how.k) == 0:
            return point, step - 1
        rest = [logits[place] for place in range(len(logits)) if place not in (own, aim)]
        (torch.relu(logits[own] - logits[aim] + how.k) + torch.relu(max(rest) - logits[own])).backward()
        slope = pixels.grad[0].numpy()
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        point = point - how.rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        point = point.clip(0, 1).astype(np.float32)
    raise AssertionError("a point that never arrives")


def test_a_batch_moves_each_point_as_adam_moves_it_alone_and_drops_what_takes_too_long(in_double, pool, models):
    together = BRISK(pool, models)[0]
    assert len(together) == BRISK.count
    taken = []
    for image, place in zip(together.images, together.index, strict=True):
        logits = predict(in_double, pool.images[[place]])[0]
        point, steps = alone(in_double, pool.images[place], logits.argmax(), logits.argmin(), BRISK)
        assert np.abs(image - point * 255).max() < 0.51
        taken.append(steps)
    limit = int(np.median(taken))
    kept = np.array(taken) <= limit
    early = changed(BRISK, steps=limit)(pool, models)[0]
    assert 0 < kept.sum() < BRISK.count and early.facts["converged"] == kept.mean()
    assert (early.index == together.index[kept]).all() and (early.images == together.images[kept]).all()


def test_a_point_at_zero_loss_moves_no_more(near, pool, models):
    assert (changed(NEAR, steps=1000)(pool, models)[0].images == near.images).all()


def test_probes_are_images_of_the_pool_moved_and_expect_the_sources_own_label(near, pool, source):
    assert near.method == "ipguard" and near.images.dtype == np.uint8 and near.images.shape == (20, 1, 16, 16)
    assert (np.diff(near.index) > 0).all() and (near.labels == pool.labels[near.index]).all()
    assert (near.images != pool.images[near.index]).any(axis=(1, 2, 3)).all()
    assert (near.targets == -1).all()
    answers = predict(source, near.images)
    stranger = predict(build("vgg_slim", pool, seed=9), near.images)
    scores = Comparison()(Told(answers, np.stack([answers, stranger]), near.labels, near.targets))
    assert scores[0] == 1 > scores[1]


def test_facts_are_what_they_say(near, pool, source):
    logits = predict(source, near.images)
    top = np.sort(logits, axis=1)
    change = np.abs(near.images.astype(int) - pool.images[near.index]).max(axis=(1, 2, 3)) / 255
    assert set(near.facts) == {"converged", "kept_by_quantisation", "gap_before", "gap_after", "change"}
    assert near.facts["gap_after"] == pytest.approx((top[:, -1] - top[:, -2]).mean(), rel=1e-4)
    assert 1 <= near.facts["gap_before"] < 1.5
    assert near.facts["change"] == pytest.approx(change.mean())
    assert near.facts["converged"] == near.facts["kept_by_quantisation"] == 1
    assert all(isinstance(value, float) for value in near.facts.values())


def test_rounding_can_carry_a_point_back_and_the_facts_say_so(pool, models, source):
    """Steps far smaller than a level of brightness end so near the boundary that rounding crosses it."""
    on_it = changed(NEAR, count=len(pool), k=0.0, rate=1e-3, steps=800)(pool, models)[0]
    kept = on_it.facts["kept_by_quantisation"]
    start = predict(source, pool.images[on_it.index])
    back = predict(source, on_it.images).argmax(1) == start.argmax(1)
    assert kept == pytest.approx(1 - back.mean()) and kept < 1
    assert on_it.facts["gap_before"] < 0.1


def test_the_seed_draws_the_images_and_the_random_classes(near, pool, models):
    assert (NEAR(pool, models)[0].images == near.images).all()
    assert set(changed(BRISK, seed=1)(pool, models)[0].index) != set(near.index)
    whole = changed(BRISK, count=len(pool), target="random")
    one, same, other = (whole.model_copy(update={"seed": seed})(pool, models)[0] for seed in (0, 0, 1))
    assert (one.images == same.images).all()
    assert len(one) == len(other) == len(pool) and (one.images != other.images).any()


def test_random_classes_are_any_but_the_first(pool, models, source):
    points = changed(BRISK, count=len(pool), target="random")(pool, models)[0]
    start, reached = (predict(source, images).argmax(1) for images in (pool.images[points.index], points.images))
    assert (start != reached).all()
    assert {(1 + to - own) % 3 for own, to in zip(start, reached, strict=True)} == {0, 2}


def test_the_source_is_left_alone(pool, models):
    before = models.source.read_bytes()
    changed(NEAR, steps=3, count=4, k=0.0, minimum=1, rate=0.2)(pool, models)
    assert models.source.read_bytes() == before


def of_two_classes(tmp_path, pool):
    half = pool.take(np.flatnonzero(pool.labels < 2))
    two = from_arrays(half.images, half.labels, ("left", "right"))
    save(fit_new("vgg_slim", two, Recipe(epochs=6, batch=10, rate=0.05), seed=0), tmp_path / "two")
    return two, DefenderModels(tmp_path / "two")


def test_two_classes_have_one_boundary_and_no_least_likely_class(tmp_path, pool):
    two, models = of_two_classes(tmp_path, pool)
    with pytest.raises(BadInput, match=r"least_likely needs 3 classes, the source has 2, .*target to random"):
        NEAR(two, models)
    points = changed(BRISK, target="random")(two, models)[0]
    start, reached = (predict(load(models.source), images) for images in (two.images[points.index], points.images))
    assert (start.argmax(1) != reached.argmax(1)).all()


def test_one_class_has_no_boundary(tmp_path, pool):
    one = replace(pool, labels=np.zeros_like(pool.labels), classes=("all",))
    save(build("vgg_slim", one, seed=0), tmp_path / "one")
    with pytest.raises(BadInput, match="the source knows 1"):
        changed(NEAR, target="random")(one, DefenderModels(tmp_path / "one"))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"count": 31}, r"probes\.boundary\.count: 31 asked for, pool has 30 images"),
        ({"steps": 1, "k": 50.0}, r"0 of 20 points reached the boundary, at least 10 are needed: raise .*steps"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(pool, models, how, message):
    with pytest.raises(BadInput, match=message) as refusal:
        changed(NEAR, **how)(pool, models)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("how", [{"k": -1}, {"rate": 0}, {"steps": 0}, {"target": "nearest"}, {"margin": 1}])
def test_parameters_out_of_range_are_refused(how):
    with pytest.raises(ValueError):
        Family(count=1, minimum=1, **how)
