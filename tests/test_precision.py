"""bf16 on a CPU: for the architectures that gain by it, where the processor has it, and known to the zoo's key."""

import pytest
import torch

from pipeline.attacks import read_attack
from pipeline.models import architectures, family, in_bf16
from pipeline.models.mobilenet import Depthwise
from pipeline.models.network import Spec, accuracy, build, save
from pipeline.tasks.recipe import Adversary, Distillation, Recipe
from pipeline.training.device import mixed_precision
from pipeline.training.fit import fit_new
from pipeline.zoo.plan import Material, plan

pytestmark = pytest.mark.slow  # networks of compact scale

COMPACT = tuple(name for name in architectures() if name.endswith("_compact"))
QUICK = Recipe(epochs=12, batch=30, rate=0.05)
CPU = torch.device("cpu")
has_bf16 = pytest.mark.skipif(not in_bf16("vgg_compact"), reason="this processor does not multiply bf16")


def state(network):
    return torch.cat([value.flatten().float() for value in network.state_dict().values()])


def test_every_classifying_family_has_a_compact_scale():
    assert {family(arch) for arch in COMPACT} == {family(arch) for arch in architectures()} - {"face"}


@pytest.mark.parametrize("arch", COMPACT)
@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 48, 48), (3, 64, 64)])
def test_compact_networks_take_images_of_every_task(arch, shape):
    network = build(arch, Spec("", shape[0], ("a", "b"), (0.5,) * shape[0], (0.5,) * shape[0]), seed=0)
    with torch.no_grad():
        assert network(torch.zeros(2, *shape, dtype=torch.uint8)).shape == (2, 2)


def test_slim_and_face_networks_never_train_in_bf16_on_a_cpu():
    for arch in architectures():
        if arch.endswith("_slim") or family(arch) == "face":
            assert not in_bf16(arch)


def test_the_environment_switches_bf16_off(monkeypatch):
    monkeypatch.setenv("SAC_BF16", "0")
    assert not any(in_bf16(arch) for arch in architectures())


def test_a_depthwise_filter_is_a_grouped_convolution_in_single_precision():
    layer, images = Depthwise(6, 2), torch.randn(2, 6, 9, 9)
    expected = torch.nn.functional.conv2d(images, layer.weight, stride=2, padding=1, groups=6)
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(images)
    assert found.dtype == torch.float32 and (found == expected).all()


@has_bf16
@pytest.mark.parametrize("arch", COMPACT)
def test_bf16_learns_what_single_precision_learns_and_repeats_by_seed(arch, tiny, monkeypatch):
    first, again = (fit_new(arch, tiny, QUICK, seed=0) for _ in range(2))
    assert torch.equal(state(first), state(again)) and state(first).dtype == torch.float32
    assert accuracy(first, tiny) > 0.9
    monkeypatch.setenv("SAC_BF16", "0")
    single = fit_new(arch, tiny, QUICK, seed=0)
    assert not torch.equal(state(first), state(single)) and accuracy(single, tiny) > 0.9


@has_bf16
@pytest.mark.parametrize(
    "recipe",
    [
        QUICK.model_copy(update={"epochs": 1, "adversary": Adversary(steps=2)}),
        QUICK.model_copy(update={"epochs": 1, "distillation": Distillation(), "augment": "crop_flip"}),
    ],
)
def test_adversaries_and_teachers_work_in_bf16(recipe, tiny, source):
    teacher = source if recipe.distillation else None
    network = fit_new("resnet_compact", tiny, recipe, 0, teacher=teacher)
    assert state(network).isfinite().all()


@has_bf16
def test_only_a_student_or_a_source_that_trains_in_bf16_changes_its_key(tiny, tmp_path, monkeypatch):
    files = {arch: tmp_path / arch for arch in ("vgg_slim", "vgg_compact")}
    for arch, file in files.items():
        save(build(arch, tiny, seed=0), file)

    def key(arch, source):
        material = Material(tiny, tiny, files[source].read_bytes(), source, None)
        (job,) = plan("extract_label", read_attack("extract_label"), [arch], 1, QUICK, material)
        return job.key

    pairs = [(arch, source) for arch in files for source in files]
    here = {pair: key(*pair) for pair in pairs}
    monkeypatch.setenv("SAC_BF16", "0")
    assert [pair for pair in pairs if key(*pair) == here[pair]] == [("vgg_slim", "vgg_slim")]


@has_bf16
def test_mixed_precision_is_the_architectures(source):
    with mixed_precision(CPU, "vgg_compact"):
        assert source(torch.zeros(1, 1, 16, 16)).dtype == torch.bfloat16
    with mixed_precision(CPU, "vgg_slim"):
        assert source(torch.zeros(1, 1, 16, 16)).dtype == torch.float32
