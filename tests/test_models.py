"""Networks: any input, files that rebuild themselves, hostile files refused."""

import json
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pipeline.core.errors import BadInput
from pipeline.models import architectures, check_architecture, family
from pipeline.models.network import Spec, accuracy, build, clone, load, predict, replace_head, save

OWN = [name for name in architectures() if name.endswith(("_slim", "_compact"))]


def spec(channels=1, classes=3):
    return Spec("", channels, tuple(f"c{place}" for place in range(classes)), (0.4,) * channels, (0.3,) * channels)


@pytest.mark.parametrize("arch", architectures())
@pytest.mark.parametrize(("channels", "classes"), [(1, 3), (3, 10)])
def test_every_architecture_takes_any_channels_and_classes(arch, channels, classes):
    network = build(arch, spec(channels, classes), seed=0)
    answers = predict(network, np.zeros((2, channels, 32, 32), np.uint8))
    assert answers.shape == (2, classes) and answers.dtype == np.float32 and np.isfinite(answers).all()


def test_every_family_has_networks_of_its_own_and_the_papers():
    paper = {
        "vgg13",
        "vgg13_bn",
        "vgg16_bn",
        "resnet18",
        "resnet34",
        "resnet50",
        "densenet121",
        "mobilenet_v2",
        "face_resnet18",
        "face_resnet50",
        "face_mobilefacenet",
    }
    assert paper <= set(architectures())
    assert {family(name) for name in OWN} == {family(name) for name in paper}


@pytest.mark.parametrize("arch", OWN)
def test_a_network_rebuilds_itself_from_its_file(arch, tmp_path, tiny):
    network = build(arch, tiny, seed=1)
    save(network, tmp_path / "a.safetensors")
    save(network, tmp_path / "b.safetensors")
    again = load(tmp_path / "a.safetensors")
    assert again.spec == network.spec and not again.training
    assert (predict(again, tiny.images) == predict(network, tiny.images)).all()
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_the_seed_draws_the_weights_and_disturbs_nothing(tiny):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    same, again, other = (predict(build("vgg_slim", tiny, seed), tiny.images) for seed in (1, 1, 2))
    assert (same == again).all() and (same != other).any()
    assert torch.rand(1) == expected


def test_images_are_normalised_by_the_network_itself(tiny):
    network = build("vgg_slim", tiny, seed=0)
    as_bytes, as_floats = torch.from_numpy(tiny.images), torch.from_numpy(tiny.images) / 255
    with torch.no_grad():
        assert torch.allclose(network(as_bytes), network(as_floats))


def test_a_new_head_keeps_the_features_and_takes_the_new_classes(tiny):
    network = build("resnet_slim", spec(1, 7), seed=0)
    moved = replace_head(network, tiny, seed=1)
    assert moved.spec.classes == tiny.classes and moved.spec.mean == network.spec.mean
    assert all((a == b).all() for a, b in zip(network.features.parameters(), moved.features.parameters(), strict=True))


def test_a_clone_is_independent(tiny):
    network = build("vgg_slim", tiny, seed=0)
    before = predict(network, tiny.images)
    copy = clone(network)
    assert (predict(copy, tiny.images) == before).all()
    with torch.no_grad():
        copy.head.weight.zero_()
    assert (predict(network, tiny.images) == before).all()


def test_accuracy_counts_right_answers(tiny):
    network = build("vgg_slim", tiny, seed=0)
    right = sum(int(row.argmax() == label) for row, label in zip(predict(network, tiny.images), tiny.labels, strict=True))
    assert accuracy(network, tiny) == pytest.approx(right / len(tiny))


class Bomb:
    def __reduce__(self):
        return (open, ("/tmp/sac-bench-was-here", "w"))


def hostile(path, tiny):
    """Files that a suspect's owner might send, with what must be said of them."""
    network = build("vgg_slim", tiny, seed=0)
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    about = {"arch": "vgg_slim", "channels": 1, "classes": ["a", "b", "c"], "mean": [0.5], "std": [0.5]}

    def written(name, tensors, about):
        save_file(tensors, path / name, metadata=about and {"sac": json.dumps(about)})

    (path / "pickle").write_bytes(pickle.dumps(Bomb()))
    torch.save(weights, path / "torch")
    written("nameless", weights, None)
    written("unknown", weights, about | {"arch": "vgg_slimm"})
    written("module", weights, about | {"arch": "network.os"})
    written("huge", weights, about | {"channels": 10**9})
    written("negative", weights, about | {"channels": -1, "mean": [], "std": []})
    written("flat", weights, about | {"std": [0.0]})
    written("other", weights, about | {"arch": "resnet_slim"})
    written("short", dict(list(weights.items())[:-1]), about)
    written("nan", weights | {"head.bias": torch.full_like(weights["head.bias"], float("nan"))}, about)
    return {
        "pickle": "pickled models are never read",
        "torch": "pickled models are never read",
        "nameless": "no architecture",
        "unknown": "did you mean",
        "module": "unknown",
        "huge": "cannot be",
        "negative": "cannot be",
        "flat": "cannot be",
        "other": "do not fit",
        "short": "do not fit",
        "nan": "NaN",
        "missing": "no such model file",
    }


def test_hostile_files_are_refused_in_one_line(tmp_path, tiny):
    for name, says in hostile(tmp_path, tiny).items():
        with pytest.raises(BadInput, match=says) as error:
            load(tmp_path / name)
        assert "\n" not in str(error.value), name


def test_an_unknown_architecture_names_the_nearest():
    with pytest.raises(BadInput, match="did you mean 'resnet18'"):
        check_architecture("resnet81")
