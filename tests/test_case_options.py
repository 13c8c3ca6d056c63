"""What the options of `sac enroll` do: how references are trained, how a model sees its pictures, torchvision by name."""

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from pipeline.cases import owner
from pipeline.cases.case import Model
from pipeline.cases.references import Training, train_references
from pipeline.cases.verifying import read_enrolled
from pipeline.data.images import save_images
from pipeline.models.network import build, load, save
from stages.cli import sac
from tests.making import make_tiny

ARCHS = ("densenet_slim", "mobilenet_slim", "resnet_slim", "vgg_slim")
MODELS = """
import numpy as np

def source(images):
    return images.reshape(len(images), -1)[:, 40:43].astype(np.float32)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The working folder, with pictures of three classes for probes and others for references, and a model."""
    save_images(make_tiny(60, seed=3), tmp_path / "pool.safetensors")
    save_images(make_tiny(30, seed=4), tmp_path / "train.safetensors")
    (tmp_path / "mine.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAC_JOBS", "1")
    return tmp_path


def enroll(*words, model="python:mine:source", images="pool.safetensors"):
    """What `sac enroll` prints, and the enrolment."""
    given = ["enroll", model, "--images", images, "--count", 25, "--out", "case", *words]
    done = CliRunner().invoke(sac, list(map(str, given)))
    assert done.exit_code == 0, done.output
    return done.output


def test_references_are_so_many_of_each_network_trained_so_long(place):
    said = enroll("--train-references", "train.safetensors", "--references-per-arch", 2, "--epochs", 0.5)
    enrolment = owner.read_enrolment(place / "case")
    assert "8 references" in said and "it takes 19; see --references-per-arch" in said
    assert [one.name for one in enrolment.references] == [f"{arch}-{seed}" for arch in ARCHS for seed in (0, 1)]
    assert {one.trained["epochs"] for one in enrolment.references} == {0.5}
    assert {one.trained["images"] for one in enrolment.references} == {30}
    kept = sorted((place / "case/models").glob("*.safetensors"))
    assert [load(file).spec.arch for file in kept] == [arch for arch in ARCHS for _ in (0, 1)]


def test_a_reference_that_is_called_as_a_trained_one_is_counted_beside_it(place, tiny):
    save(build("vgg_slim", tiny, seed=0), place / "vgg_slim-0.safetensors")
    plan = owner.Plan(
        source=Model(text="vgg_slim-0.safetensors"),
        images="pool.safetensors",
        count=25,
        references=(Model(text="vgg_slim-0.safetensors"),),
        train="train.safetensors",
        training=Training(archs=("vgg_slim",), each=1, epochs=0.5),
    )
    enrolment = owner.enroll(plan, place / "case")
    assert [one.name for one in enrolment.references] == ["vgg_slim-0", "vgg_slim-0-2"]
    assert len(read_enrolled(place / "case", enrolment).references) == 2


def test_other_epochs_are_other_references(place):
    for epochs, case in ((0.5, "one"), (1, "two")):
        enroll("--train-references", "train.safetensors", "--references-per-arch", 1, "--epochs", epochs, "--out", case)
    one, two = ([found.sha256 for found in owner.read_enrolment(place / case).references] for case in ("one", "two"))
    assert not set(one) & set(two)


def test_references_that_another_kind_of_machine_trained_are_trained_anew(tmp_path, tiny, monkeypatch):
    training = Training(archs=("vgg_slim",), each=1, epochs=0.5)
    for kind in ("cpu AuthenticAMD", "cpu AuthenticAMD", "cpu GenuineIntel"):
        monkeypatch.setattr("pipeline.cases.references.kind", lambda kind=kind: kind)
        assert len(list(train_references(tmp_path, tiny, training, tiny.images))) == 1
    assert len(list(tmp_path.glob("vgg_slim-0-*.safetensors"))) == 2


def test_references_that_other_code_trained_are_trained_anew(tmp_path, tiny, monkeypatch):
    training = Training(archs=("vgg_slim",), each=1, epochs=0.5)
    for code in ("one", "one", "another"):
        monkeypatch.setattr("pipeline.cases.references.meaning", lambda file, code=code: code)
        assert len(list(train_references(tmp_path, tiny, training, tiny.images))) == 1
    assert len(list(tmp_path.glob("vgg_slim-0-*.safetensors"))) == 2


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """ONNX files, by the shape of a picture, that answer the first, the second and the last number of what they are given."""
    folder = tmp_path_factory.mktemp("seen")

    class Three(torch.nn.Module):
        def forward(self, images):
            return images.reshape(len(images), -1)[:, [0, 1, images[0].numel() - 1]]

    def export(shape):
        file = folder / f"{'-'.join(map(str, shape))}.onnx"
        if not file.exists():
            batch = ({0: torch.export.Dim.DYNAMIC},)
            torch.onnx.export(Three().eval(), (torch.zeros(2, *shape),), file, dynamo=True, verbose=False, dynamic_shapes=batch)
        return file

    return export


@pytest.mark.parametrize(
    ("words", "shape", "expected"),
    [
        ((), (1, 16, 16), lambda grey: grey[:, [0, 1, -1]] / 255),
        (("--scale", "byte"), (1, 16, 16), lambda grey: grey[:, [0, 1, -1]]),
        (("--mean", "0.5", "--std", "0.25"), (1, 16, 16), lambda grey: (grey[:, [0, 1, -1]] / 255 - 0.5) / 0.25),
        (("--std", "2"), (1, 16, 16), lambda grey: grey[:, [0, 1, -1]] / 510),
        (("--channels", "3", "--layout", "nhwc"), (16, 16, 3), lambda grey: grey[:, [0, 0, -1]] / 255),
        (("--channels", "3", "--std", "1,2,4"), (3, 16, 16), lambda grey: grey[:, [0, 1, -1]] / 255 / [1, 1, 4]),
    ],
)
def test_a_model_sees_pictures_as_its_options_say(place, seen, words, shape, expected):
    model = seen(shape)
    enroll("--reference", model, *words, model=model)
    grey = owner.probes_of(place / "case").reshape(25, -1).astype(float)
    for name in ("source", f"references/{model.stem}"):
        told = np.loadtxt(place / f"case/enrolled/{name}.csv", delimiter=",", skiprows=1)[:, 1:]
        assert np.allclose(told, expected(grey), atol=1e-5)


def write_idx(path, array):
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + array.astype(np.uint8).tobytes())


def test_a_set_that_torchvision_has_downloaded_is_taken_by_its_name(place):
    """Made files in the place where torchvision keeps MNIST: it fetches nothing. Probes are drawn from the test half."""
    draw = np.random.default_rng(0)
    for half, count in (("train", 60), ("t10k", 30)):
        raw = place / "sets/MNIST/raw"
        write_idx(raw / f"{half}-images-idx3-ubyte", draw.integers(0, 256, (count, 28, 28)))
        write_idx(raw / f"{half}-labels-idx1-ubyte", np.arange(count) % 10)
    enroll("--reference", "python:mine:source", images="torchvision:MNIST:sets")
    enrolment = owner.read_enrolment(place / "case")
    assert (enrolment.pool, enrolment.shape, enrolment.remarks) == (30, (1, 28, 28), ())


def test_a_source_of_this_pipeline_names_the_classes(place, tiny):
    save(build("vgg_slim", tiny, seed=0), place / "own.safetensors")
    enroll("--reference", "own.safetensors", model="own.safetensors")
    assert owner.read_enrolment(place / "case").classes == ("left", "right", "both")
