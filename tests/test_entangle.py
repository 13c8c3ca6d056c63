"""EWE: the soft nearest neighbour loss, the triggers and the training, against independent computations."""

import subprocess
import sys
from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn
from torch.nn.functional import cross_entropy

from pipeline.core.errors import BadInput
from pipeline.models.network import accuracy, build, clone, predict
from pipeline.tasks.recipe import Adversary, Distillation, Recipe
from pipeline.tasks.watermark import Watermark, load_triggers, save_triggers
from pipeline.training.entangle import fit_entangled, make_triggers, place_patch, represent, snnl, success
from pipeline.training.fit import fit, fit_new
from tests.making import make_tiny

QUICK = Recipe(epochs=4, batch=32, rate=0.05)
MARK = Watermark(source_class=0, target_class=1, patch=3, triggers=20, epochs=8, ratio=2)


@pytest.fixture(scope="module")
def plain(tiny):
    return fit_new("vgg_slim", tiny, QUICK, seed=0)


@pytest.fixture(scope="module")
def marked(tiny):
    return fit_entangled(build("vgg_slim", tiny, seed=0), tiny, QUICK, MARK, seed=0)


def apart(one, other, distance):
    if distance == "euclidean":
        return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
    return 1 - one @ other / (np.linalg.norm(one) * np.linalg.norm(other))


def naive_snnl(features, labels, temperature, distance):
    losses = []
    for place, (own, label) in enumerate(zip(features, labels, strict=True)):
        near = [
            (labels[other] == label, exp(-apart(own, features[other], distance) / temperature))
            for other in range(len(features))
            if other != place
        ]
        if any(same for same, _ in near):
            losses.append(-log(sum(value for same, value in near if same) / sum(value for _, value in near)))
    return np.mean(losses) if losses else 0.0


@given(
    st.integers(0, 10_000), st.integers(2, 8), st.integers(1, 4), st.floats(0.3, 30), st.sampled_from(["euclidean", "cosine"])
)
def test_snnl_is_the_double_loop(seed, count, width, temperature, distance):
    draw = np.random.default_rng(seed)
    features, labels = draw.normal(size=(count, width)), draw.integers(0, 3, count)
    found = snnl(torch.from_numpy(features), torch.from_numpy(labels), temperature, distance)
    assert float(found) == pytest.approx(naive_snnl(features, labels, temperature, distance), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_the_gradient_of_snnl_is_that_of_differences(distance):
    draw = torch.Generator().manual_seed(0)
    features = torch.randn(7, 3, generator=draw, dtype=torch.float64, requires_grad=True)
    temperature = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 1, 0, 1, 1, 0, 2])  # the last one is alone
    assert torch.autograd.gradcheck(lambda values, heat: snnl(values, labels, heat, distance), (features, temperature))


@given(st.integers(0, 10_000), st.sampled_from(["euclidean", "cosine"]))
def test_snnl_knows_no_order_no_names_and_no_origin_or_scale(seed, distance):
    draw = torch.Generator().manual_seed(seed)
    features, labels = torch.randn(9, 4, generator=draw, dtype=torch.float64), torch.arange(9) % 2
    expected, order = snnl(features, labels, 0.7, distance), torch.randperm(9, generator=draw)
    same = features + 1e6 if distance == "euclidean" else features * torch.arange(1, 10)[:, None]
    for found in (
        snnl(features[order], labels[order], 0.7, distance),
        snnl(features, 5 - labels, 0.7, distance),
        snnl(same, labels, 0.7, distance),
    ):
        assert float(found) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_snnl_is_low_for_clusters_and_high_for_mixtures(distance):
    draw = torch.Generator().manual_seed(0)
    directions = torch.eye(2).repeat(10, 1) + 0.05 * torch.randn(20, 2, generator=draw)
    clustered, mixed = torch.arange(20) % 2, torch.arange(20) // 2 % 2
    assert snnl(directions, clustered, 0.1, distance) < 0.01
    assert snnl(directions, mixed, 0.1, distance) > 0.6
    assert snnl(directions, clustered, 1e6, distance) == pytest.approx(log(19 / 9), abs=1e-4)


def test_snnl_stays_finite_at_any_temperature_and_for_images_alone_in_their_class():
    features = torch.tensor([[0.0, 1e4], [0.0, 1e4], [3e3, 0.0], [0.0, -1e4]])
    for labels in ([0, 0, 1, 1], [0, 1, 1, 0], [0, 0, 1, 2], [0, 1, 2, 3]):
        for temperature in (1e-4, 1.0, 1e12):
            for distance in ("euclidean", "cosine"):
                values = features.clone().requires_grad_()
                loss = snnl(values, torch.tensor(labels), temperature, distance)
                loss.backward()
                assert loss.isfinite() and values.grad.isfinite().all()
    assert loss == 0


@pytest.mark.parametrize("arch", ["vgg_slim", "resnet_slim", "densenet_slim", "mobilenet_slim"])
def test_every_architecture_is_heard_at_three_depths_and_answers_as_before(arch, tiny, monkeypatch):
    handles, register = [], nn.Module.register_forward_hook

    def recorded(module, hook, **named):
        handles.append(register(module, hook, **named))
        return handles[-1]

    monkeypatch.setattr(nn.Module, "register_forward_hook", recorded)
    network, images = build(arch, tiny, seed=0), torch.from_numpy(tiny.images[:5])
    features, logits = represent(network, images)
    assert [len(values) for values in features] == [5, 5, 5]
    assert torch.equal(network.head(features[-1]), logits) and torch.equal(network(images), logits)
    assert not any(handle.id in handle.hooks_dict_ref() for handle in handles)


def test_the_patch_lies_where_whitening_it_raises_the_loss_most(plain, tiny):
    pixels = torch.from_numpy(tiny.images) / 255
    triggers, targets = pixels[tiny.labels == 0][:12], pixels[tiny.labels == 1][:16]
    watched = triggers.clone().requires_grad_()
    labels = torch.tensor([1] * 12 + [0] * 16)
    sum(
        snnl(values, labels, heat, "cosine")
        for values, heat in zip(represent(plain, torch.cat([watched, targets]))[0], MARK.temperatures, strict=True)
    ).backward()
    slope = watched.grad.mean(dim=0).sum(dim=0).numpy()
    windows = {(top, left): slope[top : top + 3, left : left + 3].sum() for top in range(14) for left in range(14)}
    assert place_patch(plain, triggers, targets, MARK) == max(windows, key=windows.get)


def test_triggers_are_the_source_class_with_a_patch_and_small_steps(plain, tiny):
    still = MARK.model_copy(update={"steps": 0, "away": 0})
    triggers, moved = (make_triggers(plain, tiny, mark, np.random.default_rng(0), 16) for mark in (still, MARK))
    assert sorted(triggers.index) == list(np.flatnonzero(tiny.labels == 0))
    assert triggers.trained.sum() == 20 and (triggers.labels == 0).all() and triggers.target == 1
    top, left = (int(triggers.facts[name]) for name in ("top", "left"))
    patched = tiny.images[triggers.index].copy()
    patched[:, :, top : top + 3, left : left + 3] = 255
    assert triggers.images.dtype == np.uint8 and (triggers.images == patched).all()
    steps = np.abs(moved.images.astype(int) - patched)
    assert 0 < steps.max() <= round(255 * MARK.step * (MARK.steps + MARK.away))


def test_gradient_steps_entangle_triggers_and_lead_off_the_target(plain, tiny):
    def made(**change):
        mark = MARK.model_copy(update=change)
        triggers = make_triggers(plain, tiny, mark, np.random.default_rng(0), 16)
        batch = np.concatenate([triggers.images[:16], tiny.images[tiny.labels == 1][:16]])
        features, logits = represent(plain, torch.from_numpy(batch))
        labels = torch.arange(32) < 16
        return sum(snnl(values, labels, 1.0, "cosine") for values in features), logits[:16, 1].mean()

    still, mixed, away = made(steps=0, away=0), made(away=0), made()
    assert mixed[0] > still[0]
    assert away[1] < mixed[1]


def test_the_watermark_is_learned_also_on_held_out_triggers_and_accuracy_is_kept(marked, plain, tiny, other_tiny):
    network, triggers = marked
    answered = predict(network, triggers.images).argmax(axis=1) == 1
    assert (success(network, triggers) == answered).all()
    assert triggers.facts["trained"] == answered[triggers.trained].mean() > 0.9
    assert triggers.facts["held_out"] == answered[~triggers.trained].mean() > 0.9
    assert triggers.facts["before"] == success(plain, triggers).mean() < 0.5
    assert accuracy(network, tiny) > 0.95 and accuracy(network, other_tiny) > accuracy(plain, other_tiny) - 0.05
    assert not network.training and all(weight.grad is None for weight in network.parameters())


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(marked, tiny):
    network, triggers = marked

    def again(mark, seed):
        return fit_entangled(build("vgg_slim", tiny, seed=0), tiny, QUICK, mark, seed)

    same, twin = again(MARK, 0)
    assert all(torch.equal(value, same.state_dict()[name]) for name, value in network.state_dict().items())
    assert (twin.images == triggers.images).all() and twin.facts == triggers.facts
    for mark, seed in ((MARK, 1), (MARK.model_copy(update={"seed": 1}), 0)):
        other, triggers_of_other = again(mark, seed)
        assert not torch.equal(other.head.weight, network.head.weight)
        assert (triggers_of_other.index != triggers.index).any()


def test_the_loss_entangles(tiny):
    """With weights the triggers mix with the target class in the features; without, they lie apart."""

    def mixing(weights):
        mark = MARK.model_copy(update={"weights": weights})
        network, triggers = fit_entangled(build("vgg_slim", tiny, seed=0), tiny, QUICK, mark, seed=0)
        batch = np.concatenate([triggers.images, tiny.images[tiny.labels == 1]])
        labels = torch.arange(len(batch)) < len(triggers)
        return [snnl(values, labels, 0.1, "cosine") for values in represent(network, torch.from_numpy(batch))[0]]

    apart, entangled = mixing((0.0, 0.0, 0.0)), mixing((1.0, 1.0, 1.0))
    assert sum(entangled) > sum(apart) and entangled[-1] > apart[-1]


def test_the_watermark_is_trained_by_the_plain_loop(tiny):
    """Three steps of plain SGD, the last one beside triggers, written out, give the same weights."""
    recipe = Recipe(epochs=1, batch=40, rate=0.1, schedule="constant", momentum=0.9, weight_decay=1e-3)
    mark = MARK.model_copy(update={"epochs": 1, "ratio": 3, "rate": 0.03, "weights": (0.5, 1.0, 2.0)})
    fitted, _ = fit_entangled(build("vgg_slim", tiny, seed=2), tiny, recipe, mark, seed=5)
    plain, draw = fit(build("vgg_slim", tiny, seed=2), tiny, recipe, seed=5), np.random.default_rng([5, mark.seed])
    triggers = make_triggers(plain, tiny, mark, draw, 20)
    images, labels = torch.from_numpy(tiny.images), torch.from_numpy(tiny.labels)
    generator = torch.Generator().manual_seed(int(draw.integers(2**62)))
    optimiser = torch.optim.SGD(plain.train().parameters(), 0.03, 0.9, nesterov=True, weight_decay=1e-3)
    for step, index in enumerate(torch.randperm(120, generator=generator).split(40)):
        if step < 2:
            loss = cross_entropy(plain(images[index]), labels[index])
        else:
            shown, beside = (torch.randperm(count, generator=generator)[:20] for count in (20, 40))
            batch = torch.cat([torch.from_numpy(triggers.images)[shown], images[labels == 1][beside], images[index]])
            features, logits = represent(plain, batch)
            loss = cross_entropy(logits[:40], torch.ones(40).long()) + cross_entropy(logits[40:], labels[index])
            for values, weight in zip(features, mark.weights, strict=True):
                loss = loss - weight * snnl(values[:40], torch.arange(40) // 20, 1.0, "cosine")
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for name, value in plain.state_dict().items():
        assert torch.allclose(value.float(), fitted.state_dict()[name].float(), atol=1e-5), name


def test_held_out_triggers_are_never_trained_on(tiny):
    network, seen = build("vgg_slim", tiny, seed=0), set()
    network.register_forward_pre_hook(
        lambda network, inputs: seen.update(image.numpy().tobytes() for image in inputs[0] if network.training)
    )
    _, triggers = fit_entangled(network, tiny, QUICK, MARK, seed=0)
    assert [image.tobytes() in seen for image in triggers.images] == triggers.trained.tolist()


def test_temperatures_go_where_the_loss_is_lower(marked, tiny):
    network, triggers = marked
    batch = np.concatenate([triggers.images[triggers.trained], tiny.images[tiny.labels == 1][:20]])
    labels, learned = torch.arange(40) < 20, [triggers.facts[f"temperature_{depth}"] for depth in (1, 2, 3)]
    for values, heat in zip(represent(network, torch.from_numpy(batch))[0], learned, strict=True):
        assert heat > 0 and snnl(values, labels, heat, "cosine") < snnl(values, labels, 1.0, "cosine")
    still = MARK.model_copy(update={"temperature_rate": 0.0, "epochs": 1})
    facts = fit_entangled(build("vgg_slim", tiny, seed=0), tiny, QUICK, still, seed=0)[1].facts
    assert [facts[f"temperature_{depth}"] for depth in (1, 2, 3)] == [1, 1, 1]


def test_triggers_may_come_from_other_images(tiny):
    outside = replace(make_tiny(90, seed=2), classes=("x", "y", "z"))
    mark = MARK.model_copy(update={"source_class": 1, "patch": 0, "steps": 0, "away": 0, "epochs": 1})
    _, triggers = fit_entangled(build("vgg_slim", tiny, seed=0), tiny, QUICK, mark, 0, outside)
    assert (triggers.images == outside.images[triggers.index]).all() and (triggers.labels == -1).all()


@pytest.mark.parametrize(
    "change, says",
    [
        ({"source_class": 7}, "source_class: 0 images of class 7"),
        ({"target_class": 9}, "target_class: 0 images of class 9"),
        ({"triggers": 40}, "source_class: 40 images of class 0, at least 41"),
        ({"target_class": 0}, "must differ"),
        ({"patch": 17}, "17 pixels do not fit"),
    ],
)
def test_a_watermark_that_does_not_fit_the_data_is_refused_before_any_training(change, says, plain, tiny):
    network = clone(plain)
    with pytest.raises(BadInput, match=says):
        fit_entangled(network, tiny, QUICK, MARK.model_copy(update=change), 0)
    assert torch.equal(network.head.weight, plain.head.weight)


@pytest.mark.parametrize("change", [{"distillation": Distillation()}, {"adversary": Adversary()}, {"batch": 2}])
def test_recipes_that_a_watermark_cannot_follow_are_refused(change, plain, tiny):
    with pytest.raises(BadInput, match="a watermark needs"):
        fit_entangled(clone(plain), tiny, QUICK.model_copy(update=change), MARK, 0)


def test_images_of_another_shape_are_refused(plain, tiny):
    with pytest.raises(BadInput, match="shape"):
        fit_entangled(clone(plain), tiny, QUICK, MARK, 0, make_tiny(90, seed=2, channels=3))


@pytest.mark.parametrize(
    "wrong",
    [
        {"ratio": 0},
        {"weights": (1, 1)},
        {"temperatures": (1, 0, 1)},
        {"distance": "l1"},
        {"step": 2},
        {"trigers": 5},
        {"target_class": -1},
    ],
)
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        Watermark(**{"source_class": 0, "target_class": 1} | wrong)


def test_triggers_return_from_their_file_and_other_files_are_refused(marked, tmp_path):
    triggers = marked[1]
    save_triggers(triggers, tmp_path / "one")
    found = load_triggers(tmp_path / "one")
    save_triggers(found, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (found.target, found.facts, len(found)) == (triggers.target, triggers.facts, len(triggers))
    for name in ("images", "labels", "index", "trained"):
        assert getattr(found, name).dtype == getattr(triggers, name).dtype
        assert (getattr(found, name) == getattr(triggers, name)).all()
    (tmp_path / "broken").write_bytes(b"{}")
    for name in ("broken", "none"):
        with pytest.raises(BadInput, match=name):
            load_triggers(tmp_path / name)


def test_parameters_are_checked_without_torch():
    code = "import sys, pipeline.tasks.watermark; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
