"""Conferrable examples: scores and losses against naive loops, and a mistake that only the source's copies share."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from pipeline.core.errors import BadInput
from pipeline.core.params import read
from pipeline.data.images import Images
from pipeline.models.network import load, predict, save
from pipeline.probes import conferrable
from pipeline.probes.conferrable import Family, Judgement, Weights, conferrable_loss, conferrable_scores, quantise
from pipeline.probes.probe_set import load_facts, load_probes, save_probes
from pipeline.tasks.recipe import Recipe
from pipeline.training.fit import fit_new
from tests.making import make_tiny

FAMILY = Family(count=12, minimum=4, candidates=36, epsilon=0.2, rate=0.02, steps=15)


def marked(data: Images, shift: int) -> Images:
    """`data` and its copy with faint stripes, whose labels are moved on by `shift`."""
    stripes = np.where(np.arange(16) % 2, 40, -40)
    striped = (data.images.astype(int) + stripes).clip(0, 255).astype(np.uint8)
    labels = np.concatenate([data.labels, (data.labels + shift) % 3])
    return replace(data, images=np.concatenate([data.images, striped]), labels=labels)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny):
    """A source that mistakes striped images, surrogates that have its mistake, references that do not."""
    folder = tmp_path_factory.mktemp("models")
    query, recipe = make_tiny(120, seed=1), Recipe(epochs=6, batch=32, rate=0.05)
    save(fit_new("vgg_slim", marked(tiny, 1), recipe, 0), folder / "source")
    for seed, name in enumerate(("first", "second", "unseen"), start=1):
        save(fit_new("vgg_slim", marked(query, 1), recipe, seed), folder / f"surrogate_{name}")
        save(fit_new("vgg_slim", marked(query, 0), recipe, seed + 10), folder / f"reference_{name}")
    return folder


@pytest.fixture(scope="module")
def models(folder):
    def two(kind):
        return tuple(folder / f"{kind}_{name}" for name in ("first", "second"))

    return SimpleNamespace(source=folder / "source", surrogates=two("surrogate"), references=two("reference"))


@pytest.fixture(scope="module")
def pool() -> Images:
    return make_tiny(60, seed=7)


@pytest.fixture(scope="module")
def cae(pool, models):
    return FAMILY(pool, models)[0]


def answers(paths, images):
    return np.stack([predict(load(path), images) for path in paths])


def naive_scores(surrogates, references):
    """Surr_y (1 - Ref_y), one image and class at a time."""
    count, classes = surrogates.shape[1:]
    scores = np.zeros((count, classes))
    for image in range(count):
        for one in range(classes):
            copied = [softmax(logits[image].astype(float))[one] for logits in surrogates]
            other = [softmax(logits[image].astype(float))[one] for logits in references]
            scores[image, one] = np.mean(copied) * (1 - np.mean(other))
    return scores


def draw(seed, count=5, classes=4, surrogates=3, references=2):
    generator = np.random.default_rng(seed)
    shapes = (count, classes), (count, classes), (surrogates, count, classes), (references, count, classes)
    return [3 * generator.normal(size=shape) for shape in shapes]


@given(seed=st.integers(0, 10**6))
def test_the_score_is_the_naive_loop(seed):
    _, _, surrogates, references = draw(seed)
    found = conferrable_scores(surrogates, references)
    assert found == pytest.approx(naive_scores(surrogates, references), abs=1e-12)
    assert (found >= 0).all() and (found.sum(axis=1) <= 1 + 1e-12).all()


@pytest.mark.parametrize("aim", ["next", "predicted"])
@given(seed=st.integers(0, 10**6), factors=st.tuples(*[st.floats(0, 5)] * 3))
def test_the_loss_is_the_sum_of_three_cross_entropies(aim, seed, factors):
    source, clean, surrogates, references = draw(seed)
    scores = naive_scores(surrogates, references)
    expected = []
    for image in range(len(source)):
        now, before = softmax(source[image]), softmax(clean[image])
        mean = np.mean([softmax(logits[image]) for logits in surrogates], axis=0)
        classes = [one for one in range(4) if aim == "predicted" or one != before.argmax()]
        chosen = max(classes, key=lambda one: now[one])
        terms = -np.log(scores[image, chosen]), (before * np.log(now)).sum(), -(now * np.log(mean)).sum()
        expected.append(np.dot(factors, terms))
    weights = Weights(**dict(zip(Weights.model_fields, factors, strict=True)))
    found = conferrable_loss(*map(torch.from_numpy, (source, clean, surrogates, references)), weights, aim)
    assert found.numpy() == pytest.approx(np.array(expected), rel=1e-9, abs=1e-9)


def test_both_aims_agree_once_the_source_is_fooled():
    logits = [torch.from_numpy(array) for array in draw(0)]
    logits[1] = logits[0].flip(1)
    fooled = logits[0].argmax(1) != logits[1].argmax(1)
    following, predicted = (conferrable_loss(*logits, Weights(), aim) for aim in ("next", "predicted"))
    assert fooled.any() and (following[fooled] == predicted[fooled]).all()


def test_models_that_are_certain_still_have_a_gradient():
    certain = 300 * torch.eye(3)[[0, 0]]
    surrogates, references = (certain.repeat(2, 1, 1).requires_grad_() for _ in range(2))
    loss = conferrable_loss(certain, certain, surrogates, references, Weights(), "predicted")
    for slope in torch.autograd.grad(loss.sum(), (surrogates, references)):
        assert slope.isfinite().all()
    assert loss.isfinite().all() and (slope != 0).any()


@given(st.integers(0, 10**6), st.floats(0.001, 1))
def test_rounding_takes_the_nearest_level_inside_the_bound(seed, epsilon):
    generator = np.random.default_rng(seed)
    clean = generator.integers(0, 256, (2, 1, 3, 3), dtype=np.uint8)
    moved = (clean / 255 + epsilon * generator.uniform(-1, 1, clean.shape)).clip(0, 1)
    rounded = quantise(moved, clean, epsilon)
    for level, exact, start in zip(rounded.ravel(), moved.ravel(), clean.ravel(), strict=True):
        allowed = [one for one in range(256) if abs(one - int(start)) <= 255 * epsilon + 1e-6]
        assert rounded.dtype == np.uint8 and level in allowed
        assert abs(level - 255 * exact) == pytest.approx(min(abs(one - 255 * exact) for one in allowed), abs=1e-6)


def test_probes_are_held_out_images_moved_within_the_bound(cae, pool):
    assert cae.method == "cae" and len(cae) == 12 == len(set(cae.index)) and (np.diff(cae.index) > 0).all()
    assert (cae.labels == pool.labels[cae.index]).all() and (cae.targets == -1).all()
    moved = np.abs(cae.images.astype(int) - pool.images[cae.index])
    assert cae.images.dtype == np.uint8 and 0 < moved.max() <= 0.2 * 255


def test_every_probe_fools_the_source_and_reaches_the_threshold(cae, pool, models):
    clean, found = (predict(load(models.source), images).argmax(1) for images in (pool.images[cae.index], cae.images))
    assert (clean == cae.labels).all() and (found != clean).all()
    surrogates, references = (answers(paths, cae.images) for paths in (models.surrogates, models.references))
    assert (naive_scores(surrogates, references).max(axis=1) >= FAMILY.threshold).all()
    assert cae.facts["surrogates_agree"] == (surrogates.argmax(2) == found).mean()
    assert cae.facts["references_agree"] == (references.argmax(2) == found).mean()


def test_an_accepted_example_is_both_adversarial_and_conferrable():
    nothing = np.zeros(4)
    judged = Judgement(np.array([True, True, True, False]), np.array([0.9, 0.85, 0.84, 1.0]), nothing, nothing)
    assert judged.accepted(0.85).tolist() == [True, True, False, False]


def test_acceptance_is_decided_on_what_is_sent(monkeypatch, pool, models):
    monkeypatch.setattr(conferrable, "quantise", lambda moved, clean, epsilon: clean)
    with pytest.raises(BadInput, match=r"^probes.conferrable: 0 of 36 candidates fool the source"):
        FAMILY(pool, models)


def test_the_mistake_carries_over_to_an_unseen_copy_and_to_no_other_model(cae, folder):
    found, copy, other = answers(
        [folder / name for name in ("source", "surrogate_unseen", "reference_unseen")], cae.images
    ).argmax(2)
    assert (copy == found).mean() > 0.9 and (other == found).mean() < 0.1


def test_facts_count_what_was_tried_and_what_was_accepted(cae, pool, models):
    facts = cae.facts
    assert (facts["asked_for"], facts["candidates"]) == (12, 36) and {type(fact) for fact in facts.values()} == {float}
    assert 12 <= facts["accepted"] <= 36 * facts["adversarial"] < 36 and facts["accepted_before"] >= 12
    assert abs(facts["score"] - facts["score_before"]) < 0.05 > abs(facts["adversarial"] - facts["adversarial_before"])
    (fewer,) = FAMILY.model_copy(update={"count": 36})(pool, models)
    assert 12 <= len(fewer) == facts["accepted"] < fewer.facts["asked_for"]
    assert set(cae.index) <= set(fewer.index)


def test_the_same_seed_repeats_and_another_one_does_not(cae, pool, models):
    again, other = (FAMILY.model_copy(update={"seed": seed})(pool, models)[0] for seed in (0, 1))
    assert (again.images == cae.images).all() and (again.index == cae.index).all() and again.facts == cae.facts
    assert len(other) != len(cae) or (other.index != cae.index).any()


def test_the_batch_is_for_memory_only(cae, pool, models):
    (small,) = FAMILY.model_copy(update={"batch": 7})(pool, models)
    assert (small.index == cae.index).all() and (small.images == cae.images).mean() > 0.99


def test_every_step_asks_a_random_part_of_the_models_and_at_least_one(monkeypatch, pool, models):
    asked = []

    def spy(source, clean, surrogates, references, *more):
        asked.append((len(surrogates), len(references)))
        return conferrable_loss(source, clean, surrogates, references, *more)

    monkeypatch.setattr(conferrable, "conferrable_loss", spy)
    FAMILY(pool, models)
    assert {number for pair in asked for number in pair} == {1, 2} and len(set(asked)) == 4
    asked.clear()
    FAMILY.model_copy(update={"dropout": 0.0})(pool, models)
    assert asked == [(2, 2)] * FAMILY.steps


def test_the_models_files_stay_as_they_are(pool, models):
    paths = models.source, *models.surrogates, *models.references
    before = [path.read_bytes() for path in paths]
    FAMILY(pool, models)
    assert [path.read_bytes() for path in paths] == before


@pytest.mark.parametrize("kind", ["surrogates", "references"])
def test_both_kinds_of_models_are_needed_and_must_know_the_sources_classes(kind, pool, models, tiny, tmp_path):
    fields = vars(models)
    with pytest.raises(BadInput, match=f"CAE needs {kind}, the task has none: set task.TASK.{kind}"):
        FAMILY(pool, SimpleNamespace(**fields | {kind: ()}))
    renamed = replace(tiny, classes=("up", "down", "none"))
    save(fit_new("vgg_slim", renamed, Recipe(epochs=0.3), 0), tmp_path / "stranger")
    with pytest.raises(BadInput, match=rf"stranger: classes up, down, none \(3\), .*left, right, both.*the {kind}"):
        FAMILY(pool, SimpleNamespace(**fields | {kind: (*fields[kind], tmp_path / "stranger")}))


def test_without_a_minimum_a_task_goes_on_without_examples(pool, models, tmp_path):
    (none,) = FAMILY.model_copy(update={"minimum": 0, "threshold": 1.0})(pool, models)
    assert len(none) == 0 and none.facts["accepted"] == 0 and "surrogates_agree" not in none.facts
    save_probes([none], tmp_path)
    assert load_probes(tmp_path) == [] and load_facts(tmp_path)["cae"]["probes"] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"minimum": 12, "threshold": 1.0}, r"^probes.conferrable: 0 of 36 candidates .* at least 12 are needed: raise"),
        ({"epsilon": 0.003}, "^probes.conferrable: 0 of 36 candidates fool the source"),
        ({"candidates": 61}, r"^probes.conferrable.candidates: 61 asked for, the source labels \d+ of 60 images right"),
    ],
)
def test_too_few_examples_are_an_error_and_no_shorter_set(change, message, pool, models):
    with pytest.raises(BadInput, match=message) as refused:
        FAMILY.model_copy(update=change)(pool, models)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("epsilon: 0", "probes.conferrable.epsilon: Input should be greater than 0, found 0"),
        ("minimum: 13", "expected minimum <= count <= candidates, found 13, 12, 24"),
        ("dropout: 1", "probes.conferrable.dropout: Input should be less than 1"),
        ("wheights: {}", "'weights'"),
    ],
)
def test_parameters_that_cannot_be_are_refused_in_one_line(change, message, tmp_path):
    file = tmp_path / "params.yaml"
    section = {"count": 12, "minimum": 4, "candidates": 24}
    section.pop(change.split(":")[0], None)
    lines = [*(f"{key}: {value}" for key, value in section.items()), change]
    file.write_text("probes:\n  conferrable:\n" + "".join(f"    {line}\n" for line in lines))
    with pytest.raises(BadInput) as refused:
        read("probes.conferrable", Family, file)
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_loading_the_module_imports_no_torch():
    code = "import sys, pipeline.probes.conferrable; assert not {'torch', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
