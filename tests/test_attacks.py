"""Every attack: leaves the source as it was, reads only what it may, repeats by seed. A new attack is tested for free."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pipeline.core.errors import BadInput
from pipeline.core.names import known, module
from pipeline.models.network import accuracy, build, embeddings, predict
from pipeline.tasks.recipe import Adversary, ArcFace, Recipe
from pipeline.training.fit import fit_new
from pipeline.verification.thresholds import cosines
from tests.making import make_tiny

TASK = Recipe(epochs=4, batch=32, rate=0.05)
FACES = Recipe(epochs=4, batch=32, rate=0.05, arcface=ArcFace(margin=0.2, scale=16))
SETTINGS = {
    "prune": {"ratios": (0.2, 0.5), "refresh": 0.05, "tune": 0.05},
    "extract_adv": {"recipe": {"adversary": {"ascent": "fgsm"}}},
    "adversarial_training": {"recipe": {"adversary": {"ascent": "fgsm"}}},
}
BLIND = ("extract_label", "extract_prob", "extract_adv", "distill")


def made(name, **settings):
    return module("attacks", name).Attack(**SETTINGS.get(name, {}) | settings)


@pytest.fixture(scope="module")
def world(tiny):
    """A source of each kind of tasks, the attacker's half, and a label-extracted suspect to start from."""
    source = fit_new("vgg_slim", tiny, TASK, seed=0)
    verifier = fit_new("face_resnet18_slim", tiny, FACES, seed=0)
    half = make_tiny(96, seed=2)
    start = made("extract_label")(source, half, "resnet_slim", 9, TASK)[""]
    return SimpleNamespace(source=source, verifier=verifier, half=half, start=start)


def run(name, world, half=None, seed=4, source=None, **settings):
    attack = made(name, **settings)
    if "classification" in attack.tasks:
        source, other, recipe = source or world.source, "resnet_slim", TASK
    else:
        source, other, recipe = source or world.verifier, "face_mobilefacenet_slim", FACES
    arch = source.spec.arch if attack.own_arch else other
    start = world.start if attack.start else None
    return attack(source if attack.needs_source else None, half or world.half, arch, seed, attack.recipe_for(recipe), start)


def state(network):
    return torch.cat([value.flatten().float() for value in network.state_dict().values()])


@pytest.mark.parametrize("name", known("attacks"))
def test_every_attack_keeps_source_and_start_and_repeats_by_seed(name, world):
    models = (world.source, world.verifier, world.start)
    before, pixels = [state(model) for model in models], world.half.images.copy()
    first, again, other = run(name, world), run(name, world), run(name, world, seed=5)
    assert all((state(model) == values).all() for model, values in zip(models, before, strict=True))
    assert (world.half.images == pixels).all()
    assert all(weight.grad is None for model in models for weight in model.parameters())
    assert tuple(first) == made(name).variants
    for variant, network in first.items():
        assert not network.training
        assert (state(network) == state(again[variant])).all()
        assert (state(network) != state(other[variant])).any()


@pytest.mark.parametrize("name", BLIND)
@pytest.mark.parametrize("query", ["once", "views"])
def test_extraction_never_reads_true_labels(name, query, world):
    settings = {"query": query} if "query" in module("attacks", name).Attack.model_fields else {}
    shuffled = replace(world.half, labels=np.random.default_rng(0).permutation(world.half.labels))
    told, untold = (run(name, world, half, **settings)[""] for half in (world.half, shuffled))
    assert (state(told) == state(untold)).all()


@pytest.mark.parametrize("name", ["extract_label", "extract_prob"])
def test_extraction_learns_the_sources_answers_and_not_the_truth(name, world):
    wrong = fit_new("vgg_slim", replace(world.half, labels=(world.half.labels + 1) % 3), TASK, seed=0)
    stolen = run(name, world, source=wrong)[""]
    told = predict(wrong, world.half.images).argmax(1)
    assert (predict(stolen, world.half.images).argmax(1) == told).mean() > 0.9
    assert accuracy(stolen, world.half) < 0.2


@pytest.mark.parametrize("name", [name for name in known("attacks") if name.startswith("irrelevant")])
def test_irrelevant_models_know_no_source(name, world):
    assert not made(name).needs_source
    assert accuracy(run(name, world)[""], world.half) > 0.9


@pytest.mark.parametrize(
    "name",
    ["finetune_all", "finetune_last", "prune", "transfer_corrupted", "transfer_all", "transfer_last", "adversarial_training"],
)
def test_white_box_attacks_start_from_the_source(name, world):
    """With a learning rate of nearly nothing, the features stay the source's, but for pruned channels."""
    stay = {"epochs": 0.01, "rate": 1e-9}
    suspect = next(iter(run(name, world, recipe=stay).values()))
    source = world.source if "classification" in made(name).tasks else world.verifier
    pairs = zip(source.features.parameters(), suspect.features.parameters(), strict=True)
    assert all(torch.isclose(a, b, atol=1e-5).logical_or(b == 0).all() for a, b in pairs)


def test_transfer_takes_the_targets_classes(world):
    target = replace(make_tiny(60, seed=3), classes=("x", "y", "z"))
    for name in ("transfer_all", "transfer_last"):
        assert run(name, world, target)[""].spec.classes == ("x", "y", "z")
    assert run("transfer_corrupted", world)[""].spec.classes == world.source.spec.classes


def zero_channels(network, layers="all"):
    convolutions = [layer for layer in network.features.modules() if isinstance(layer, torch.nn.Conv2d)]
    chosen = convolutions if layers == "all" else convolutions[-1:]
    dead = [int((layer.weight.abs().sum(dim=(1, 2, 3)) == 0).sum()) for layer in chosen]
    return sum(dead), sum(layer.out_channels for layer in chosen)


@pytest.mark.parametrize("layers", ["all", "last"])
def test_pruning_removes_the_share_it_says_and_they_stay_removed(layers, world):
    for ratio, network in run("prune", world, layers=layers).items():
        dead, channels = zero_channels(network, layers)
        assert dead == pytest.approx(float(ratio) * channels, abs=1)
        if layers == "last":
            assert zero_channels(network)[0] == dead


@pytest.mark.parametrize(
    ("by", "rank"),
    [
        ("magnitude", lambda x: x.abs().mean(dim=(0, 2, 3))),
        ("absolute", lambda x: x.mean(dim=(0, 2, 3)).abs()),
        ("signed", lambda x: x.mean(dim=(0, 2, 3))),
    ],
)
def test_pruning_removes_the_channels_that_rank_lowest(by, rank, world):
    """The last layer's means, computed layer by layer without hooks."""
    (network,) = run("prune", world, ratios=(0.25,), layers="last", by=by, tune=1.0).values()
    x = (torch.from_numpy(world.half.images) / 255 - world.source.mean) / world.source.std
    with torch.no_grad():
        for layer in world.source.features:
            if isinstance(layer, torch.nn.Conv2d) and layer.out_channels == 64:
                means, last = rank(layer(x)), layer
            x = layer(x)
    expected = set(means.argsort()[: round(0.25 * last.out_channels)].tolist())
    final = [layer for layer in network.features if isinstance(layer, torch.nn.Conv2d)][-1]
    assert set(torch.nonzero(final.weight.abs().sum(dim=(1, 2, 3)) == 0).flatten().tolist()) == expected


def test_pruning_never_removes_a_whole_layer(world):
    (network,) = run("prune", world, ratios=(0.97,)).values()
    layers = [layer for layer in network.features.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert all((layer.weight.abs().sum(dim=(1, 2, 3)) > 0).any() for layer in layers)


def test_adversarial_extraction_starts_from_the_label_extracted_suspect(world):
    stay = {"epochs": 0.01, "rate": 1e-9, "adversary": Adversary(ascent="fgsm")}
    suspect = run("extract_adv", world, recipe=stay)[""]
    pairs = zip(world.start.parameters(), suspect.parameters(), strict=True)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in pairs)


def test_every_attack_names_the_paper():
    for name in known("attacks"):
        assert "SAC-JC" in module("attacks", name).__doc__, name


def test_a_distilled_student_embeds_as_the_source_does(world):
    before, after = (
        embeddings(network, world.half.images)
        for network in (
            build("face_mobilefacenet_slim", world.half, 4),
            run("distill", world, recipe={"epochs": 15, "rate": 0.1})[""],
        )
    )
    taught = embeddings(world.verifier, world.half.images)
    assert cosines(after, taught).mean() > 0.8 > cosines(before, taught).mean()


def test_a_student_with_embeddings_of_another_size_is_refused_in_one_line(world):
    with pytest.raises(BadInput, match=r"face_mobilefacenet has embeddings of 512 numbers, .* of 64") as error:
        made("distill")(world.verifier, world.half, "face_mobilefacenet", 0, FACES)
    assert "\n" not in str(error.value)
