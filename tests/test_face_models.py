"""Networks that embed faces: what they give, what a new head keeps, and that ArcFace and imitation teach them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipeline.core.names import module
from pipeline.models import architectures, family
from pipeline.models.face import recentre
from pipeline.models.network import Spec, accuracy, build, embeddings, load, predict, replace_head, save
from pipeline.tasks.recipe import ArcFace, Recipe
from pipeline.training.fit import fit, fit_new
from pipeline.verification.thresholds import cosines
from tests.making import make_tiny

NAMES = [name for name in architectures() if family(name) == "face"]
SLIM = [name for name in NAMES if name.endswith("_slim")]
PAPER = [name for name in NAMES if name not in SLIM]
FACES = Recipe(epochs=12, batch=32, rate=0.1, arcface=ArcFace(margin=0.2, scale=16))


@pytest.fixture(scope="module")
def teacher(tiny):
    return fit_new("face_resnet18_slim", tiny, FACES, seed=0)


def faces(count, size, channels=3):
    return np.random.default_rng(0).integers(0, 256, (count, channels, size, size)).astype(np.uint8)


def spec(classes, channels=3):
    return Spec("", channels, tuple(map(str, range(classes))), (0.5,) * channels, (0.5,) * channels)


@pytest.mark.parametrize("arch", NAMES)
@pytest.mark.parametrize(("channels", "size"), [(3, 48), (1, 32), (3, 57)])
def test_embeddings_are_of_length_one_and_logits_are_their_cosines_to_the_centres(arch, channels, size):
    network, images = build(arch, spec(7, channels), seed=0), faces(3, size, channels)
    embedded, logits = embeddings(network, images), predict(network, images)
    assert embedded.shape == (3, 64 if arch in SLIM else 512) and embedded.dtype == np.float32
    assert np.linalg.norm(embedded, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    centres = network.head.centres.detach().numpy()
    for place in range(7):
        assert logits[:, place] == pytest.approx(cosines(embedded, np.tile(centres[place], (3, 1))), abs=1e-5)


def test_cosines_keep_their_digits_under_mixed_precision():
    network, images = build("face_resnet18_slim", spec(7), seed=0), torch.from_numpy(faces(3, 48))
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        logits, embedded = network(images), network.embed(images).float()
    assert logits.dtype == torch.float32
    assert torch.allclose(logits, embedded @ torch.nn.functional.normalize(network.head.centres).T, atol=1e-5)


@pytest.mark.parametrize("arch", PAPER)
def test_at_112_pixels_the_last_maps_are_7_by_7_as_published(arch):
    network, seen = build(arch, spec(2), seed=0), []
    for layer in network.features:
        layer.register_forward_hook(lambda _layer, _inputs, output: seen.append(output.shape[1:]))
    predict(network, faces(1, 112))
    (pool,) = [place for place, layer in enumerate(network.features) if isinstance(layer, torch.nn.AdaptiveAvgPool2d)]
    assert seen[pool - 1] == seen[pool] == (512, 7, 7)


def test_the_paper_scale_has_the_published_numbers_of_weights():
    """InsightFace's: 24.0 and 43.6 million; MobileFaceNet's: 0.99 million with embeddings of 128 numbers."""
    weights = {
        arch: sum(value.numel() for name, value in build(arch, spec(2), seed=0).named_parameters() if name != "head.centres")
        for arch in PAPER
    }
    weights["face_mobilefacenet"] -= 512 * (512 - 128)
    assert weights == {
        "face_resnet18": pytest.approx(24.0e6, rel=0.005),
        "face_resnet50": pytest.approx(43.6e6, rel=0.005),
        "face_mobilefacenet": pytest.approx(0.99e6, rel=0.02),
    }


@pytest.mark.parametrize("arch", NAMES)
def test_a_face_network_rebuilds_itself_from_its_file(arch, tmp_path):
    network, images = build(arch, spec(5), seed=1), faces(2, 48)
    save(network, tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    assert again.spec == network.spec
    assert (embeddings(again, images) == embeddings(network, images)).all()
    assert (predict(again, images) == predict(network, images)).all()


@pytest.mark.parametrize("arch", SLIM)
def test_new_people_get_new_centres_and_every_embedding_stays(arch, tiny):
    network = fit_new(arch, tiny, FACES.model_copy(update={"epochs": 1}), seed=0)
    people = replace(tiny, classes=("w", "x", "y", "z"))
    moved = replace_head(network, people, seed=1)
    assert moved.spec.classes == people.classes and moved.head.centres.shape == (4, 64)
    assert (embeddings(moved, tiny.images) == embeddings(network, tiny.images)).all()
    assert not torch.equal(moved.head.centres[:3], network.head.centres)


def test_the_centre_of_a_new_person_is_the_mean_of_their_embeddings(teacher, other_tiny):
    people = replace(other_tiny, classes=("nobody", "x", "y", "z"), labels=other_tiny.labels + 1)
    before = teacher.head.centres.clone()
    moved, embedded = recentre(teacher, people), embeddings(teacher, people.images)
    assert (embeddings(moved, people.images) == embedded).all() and torch.equal(teacher.head.centres, before)
    for person in (1, 2, 3):
        mean = sum(row for row, label in zip(embedded, people.labels, strict=True) if label == person) / 20
        assert moved.head.centres[person].detach().numpy() == pytest.approx(mean, abs=1e-6)
    assert moved.head.centres[0].norm() > 1
    assert accuracy(moved, people) > 0.9 and moved.spec.classes == people.classes


@pytest.mark.parametrize("arch", SLIM)
def test_arcface_teaches_a_face_network(arch, tiny, other_tiny):
    network = fit_new(arch, tiny, FACES, seed=0)
    assert accuracy(network, tiny) > 0.95 and accuracy(network, other_tiny) > 0.9
    assert accuracy(build(arch, tiny, seed=0), tiny) < 0.7


def test_imitation_brings_a_students_embeddings_to_the_teachers(teacher, tiny, other_tiny):
    lesson = embeddings(teacher, tiny.images)
    fresh = build("face_mobilefacenet_slim", tiny, seed=3)
    imitation = Recipe(epochs=12, batch=32, rate=0.1, imitates_embeddings=True)
    student = fit_new("face_mobilefacenet_slim", tiny, imitation, 3, answers=lesson)
    for images in (tiny.images, other_tiny.images):
        near, far = (cosines(embeddings(network, images), embeddings(teacher, images)).mean() for network in (student, fresh))
        assert near > 0.8 > 0.5 > far
    assert torch.equal(student.head.centres, fresh.head.centres)


@pytest.mark.parametrize("arch", SLIM)
def test_pruning_finds_the_convolutions_of_a_face_network(arch, tiny):
    source = build(arch, tiny, seed=0)
    attack = module("attacks", "prune").Attack(ratios=(0.3,))
    (network,) = attack(source, make_tiny(60, seed=4), arch, 0, FACES.model_copy(update={"epochs": 1})).values()
    layers = [layer for layer in network.features.modules() if isinstance(layer, torch.nn.Conv2d)]
    dead = sum(int((layer.weight.abs().sum(dim=(1, 2, 3)) == 0).sum()) for layer in layers)
    assert dead == pytest.approx(0.3 * sum(layer.out_channels for layer in layers), abs=1)
    assert np.isfinite(embeddings(network, tiny.images)).all()


def test_only_the_embedding_and_the_centres_learn_when_the_head_alone_is_tuned(teacher, tiny):
    tuned = fit(replace_head(teacher, tiny, seed=1), tiny, FACES, seed=1, head_only=True, frozen_statistics=True)
    same = {name for name, value in tuned.state_dict().items() if torch.equal(value, teacher.state_dict()[name])}
    assert {name for name in tuned.state_dict() if name.startswith("features")} <= same
    assert not same & {"head.centres", "head.embedding.0.weight"}
