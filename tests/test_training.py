"""`fit` and its parts, against independent computations."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from pipeline.core.errors import BadInput
from pipeline.models.network import accuracy, build, clone, predict
from pipeline.tasks.recipe import Adversary, ArcFace, Distillation, Recipe, RecipeChange, changed
from pipeline.training.augment import augment
from pipeline.training.fit import arcface_loss, distillation_loss, fit, fit_new
from pipeline.training.perturb import perturb
from pipeline.training.views import view_accuracy

QUICK = Recipe(epochs=6, batch=32, rate=0.05)


@pytest.fixture(scope="module")
def taught(tiny):
    return fit_new("vgg_slim", tiny, QUICK, seed=0)


def weights(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def test_a_network_learns(taught, tiny, other_tiny):
    assert accuracy(taught, tiny) == 1.0 and accuracy(taught, other_tiny) > 0.9
    assert not taught.training


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(taught, tiny):
    again, other = (fit_new("vgg_slim", tiny, QUICK, seed=seed) for seed in (0, 1))
    assert all((value == weights(again)[name]).all() for name, value in weights(taught).items())
    assert any((value != weights(other)[name]).any() for name, value in weights(taught).items())


def test_fit_is_the_plain_loop(tiny):
    """One epoch of plain SGD, written out, gives the same weights."""
    recipe = Recipe(epochs=1, batch=40, rate=0.1, schedule="constant", momentum=0.9, weight_decay=1e-3)
    fitted = fit(build("vgg_slim", tiny, seed=2), tiny, recipe, seed=5)
    plain = build("vgg_slim", tiny, seed=2).train()
    optimiser = torch.optim.SGD(plain.parameters(), 0.1, 0.9, nesterov=True, weight_decay=1e-3)
    order = torch.randperm(120, generator=torch.Generator().manual_seed(5))
    for index in order.split(40):
        loss = torch.nn.functional.cross_entropy(
            plain(torch.from_numpy(tiny.images)[index]), torch.from_numpy(tiny.labels)[index]
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for name, value in weights(plain).items():
        assert torch.allclose(value.float(), weights(fitted)[name].float(), atol=1e-5), name


def test_only_the_head_learns_and_statistics_freeze_if_asked(taught, tiny):
    for frozen in (False, True):
        tuned = fit(clone(taught), tiny, QUICK, seed=1, head_only=True, frozen_statistics=frozen)
        before, after = weights(taught), weights(tuned)
        learned = {name for name in before if (before[name] != after[name]).any()}
        assert {"head.weight", "head.bias"} <= learned
        drifted = {name for name in learned if name.startswith("features")}
        assert all("running" in name or "batches" in name for name in drifted)
        assert bool(drifted) != frozen


def test_every_schedule_ends_where_it_should():
    def rates(schedule):
        recipe = Recipe(epochs=1, rate=2.0, schedule=schedule)
        return [recipe.rate_at(progress) for progress in (0.0, 0.25, 0.5, 0.999999)]

    assert rates("one_cycle") == pytest.approx([0.08, 2.0, 4 / 3, 0.0], abs=1e-4)
    assert rates("cosine") == pytest.approx([2.0, 1 + 2**-0.5, 1.0, 0.0], abs=1e-4)
    assert rates("linear") == pytest.approx([2.0, 1.5, 1.0, 0.0], abs=1e-4)
    assert rates("step") == pytest.approx([2.0, 2 * 0.9**2, 2 * 0.9**5, 2 * 0.9**9])
    assert rates("constant") == [2.0] * 4


@given(st.floats(0, 1), st.floats(0.5, 20), st.booleans(), st.integers(0, 1000))
def test_distillation_is_equation_7(alpha, heat, scaled, seed):
    draw = np.random.default_rng(seed)
    student, teacher = draw.normal(size=(6, 4)), draw.normal(size=(6, 4))
    labels = teacher.argmax(1)
    soft = softmax(teacher / heat, axis=1)
    divergence = (soft * (log_softmax(teacher / heat, axis=1) - log_softmax(student / heat, axis=1))).sum(1).mean()
    crossed = -log_softmax(student, axis=1)[np.arange(6), labels].mean()
    expected = alpha * (heat**2 if scaled else 1) * divergence + (1 - alpha) * crossed
    how = Distillation(alpha=alpha, temperature=heat, times_temperature_squared=scaled)
    found = distillation_loss(*map(torch.from_numpy, (student, teacher, labels)), how)
    assert float(found) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_student_takes_over_the_teachers_answers(taught, tiny):
    recipe = QUICK.model_copy(update={"distillation": Distillation(), "epochs": 10})
    lesson = predict(taught, tiny.images)
    wrong = tiny.labels.copy()
    student = fit_new("vgg_slim", tiny, recipe, 3, answers=lesson)
    assert (predict(student, tiny.images).argmax(1) == lesson.argmax(1)).mean() > 0.95
    assert (tiny.labels == wrong).all()


def test_distillation_without_a_teacher_is_refused(tiny):
    with pytest.raises(BadInput, match="needs a teacher"):
        fit_new("vgg_slim", tiny, QUICK.model_copy(update={"distillation": Distillation()}), 0)


@pytest.mark.parametrize(
    "adversary",
    [
        Adversary(ascent="fgsm", epsilon=0.05),
        Adversary(epsilon=0.05, step=0.02, steps=5),
        Adversary(epsilon=0.05, step=0.02, steps=5, random_start=True),
    ],
)
def test_perturbation_stays_in_its_ball_raises_the_loss_and_leaves_no_gradient(taught, tiny, adversary):
    pixels, labels = torch.from_numpy(tiny.images) / 255, torch.from_numpy(tiny.labels)
    moved = perturb(taught, pixels, labels, adversary, torch.Generator().manual_seed(0))
    assert (moved - pixels).abs().max() <= 0.05 + 1e-6 and moved.min() >= 0 and moved.max() <= 1
    before, after = (torch.nn.functional.cross_entropy(taught(images), labels) for images in (pixels, moved))
    assert after > before
    assert all(weight.grad is None for weight in taught.parameters())


@pytest.mark.parametrize("method", ["fgsm", "pgd"])
def test_perturbation_agrees_with_foolbox(taught, tiny, method):
    foolbox = pytest.importorskip("foolbox")
    pixels, labels = torch.from_numpy(tiny.images) / 255, torch.from_numpy(tiny.labels)
    ours = perturb(taught, pixels, labels, Adversary(ascent=method, epsilon=0.06, step=0.02, steps=6), torch.Generator())
    attack = (
        foolbox.attacks.LinfFastGradientAttack(random_start=False)
        if method == "fgsm"
        else foolbox.attacks.LinfProjectedGradientDescentAttack(abs_stepsize=0.02, steps=6, random_start=False)
    )
    theirs = attack(foolbox.PyTorchModel(taught, bounds=(0, 1)), pixels, labels, epsilons=0.06)[1]
    assert (ours - theirs).abs().max() < 1e-5


def test_adversarial_training_makes_a_network_harder_to_fool(taught, tiny, other_tiny):
    attack = Adversary(epsilon=0.2, step=0.05, steps=5)
    hardened = fit(clone(taught), tiny, QUICK.model_copy(update={"adversary": attack}), seed=0)

    def fooled(network):
        pixels, labels = torch.from_numpy(other_tiny.images) / 255, torch.from_numpy(other_tiny.labels)
        moved = perturb(network, pixels, labels, attack, torch.Generator())
        return float((network(moved).argmax(1) != labels).float().mean())

    assert fooled(hardened) < fooled(taught)


def test_a_crop_is_a_shifted_window_and_a_flip_a_mirror_image():
    images = torch.arange(3 * 2 * 16 * 16, dtype=torch.float32).view(3, 2, 16, 16) + 1
    views = augment(images, "crop", torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(images, (2,) * 4)
    for view, image in zip(views, padded, strict=True):
        windows = [image[:, top : top + 16, left : left + 16] for top in range(5) for left in range(5)]
        assert sum(bool((view == window).all()) for window in windows) == 1
    flipped = augment(images.repeat(8, 1, 1, 1), "crop_flip", torch.Generator().manual_seed(0))
    assert flipped.shape == (24, 2, 16, 16)
    assert augment(images, "none", torch.Generator()) is images


def test_view_accuracy_compares_answers_on_views_with_labels_or_with_the_teachers(taught, tiny):
    views = augment(torch.from_numpy(tiny.images), "crop_flip", torch.Generator().manual_seed(3)).numpy()
    answers = predict(taught, views).argmax(1)
    stranger = build("vgg_slim", tiny, seed=9)
    assert view_accuracy(taught, tiny, "crop_flip", 3) == pytest.approx((answers == tiny.labels).mean())
    assert view_accuracy(stranger, tiny, "crop_flip", 3, taught) == pytest.approx(
        (predict(stranger, views).argmax(1) == answers).mean()
    )
    assert view_accuracy(taught, tiny, "none", 3) == accuracy(taught, tiny)


def test_a_change_touches_only_what_it_names():
    recipe = changed(QUICK, RecipeChange(epochs=2, distillation=Distillation(alpha=0.1)))
    assert (recipe.epochs, recipe.rate, recipe.distillation.alpha) == (2, 0.05, 0.1)
    assert changed(recipe, RecipeChange(distillation=None)).distillation is None


@given(st.integers(0, 10_000), st.floats(0, 1.5), st.floats(0.5, 64))
def test_arcface_widens_the_true_angle_alone(seed, margin, scale):
    draws = np.random.default_rng(seed)
    cosines, labels = draws.uniform(-1, 1, (5, 4)), draws.integers(0, 4, 5)
    expected = []
    for row, label in zip(cosines, labels, strict=True):
        logits = scale * row.copy()
        angle = np.arccos(row[label])
        logits[label] = scale * (np.cos(angle + margin) if angle + margin < np.pi else row[label] - margin * np.sin(margin))
        expected.append(-log_softmax(logits)[label])
    loss = arcface_loss(torch.tensor(cosines), torch.tensor(labels), ArcFace(margin=margin, scale=scale))
    assert loss.item() == pytest.approx(np.mean(expected), rel=1e-4, abs=1e-4)


def test_arcface_has_a_gradient_where_the_cosine_is_one():
    cosines = torch.tensor([[1.0, 0.0]], requires_grad=True)
    arcface_loss(cosines, torch.tensor([0]), ArcFace()).backward()
    assert cosines.grad.isfinite().all()
