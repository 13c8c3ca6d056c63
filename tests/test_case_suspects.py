"""Suspects as files and callables, from three libraries, and files that mean harm: one line each, nothing executed."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.cases import owner
from pipeline.cases.case import Limits, Model, Pixels
from pipeline.cases.suspects import FORMATS, format_of
from pipeline.cases.suspects.child import ask_in_child
from pipeline.core.errors import BadInput
from pipeline.models.network import build, predict, save
from tests.casemaking import enrolled, noise_pictures, sac
from tests.making import make_tiny

GREY = noise_pictures(6).images
COLOUR = noise_pictures(4, channels=3, side=64).images
QUICK = Limits(gigabytes=6, seconds=120)


def export(network, example, path, **names):
    torch.onnx.export(
        network.eval(),
        (example,),
        path,
        dynamo=True,
        verbose=False,
        dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
        external_data=False,
        **names,
    )
    return str(path)


def answers(text, images, **about):
    return ask_in_child(Model(text=str(text), **about), images, QUICK)


def refusal(text, images=GREY, limits=QUICK, **about):
    with pytest.raises(BadInput) as caught:
        ask_in_child(Model(text=str(text), **about), images, limits)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    return str(caught.value)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A network of this pipeline as safetensors and as ONNX."""
    folder = tmp_path_factory.mktemp("own")
    network = build("vgg_slim", make_tiny(6, 0), seed=1)
    save(network, folder / "own.safetensors")
    export(network, torch.zeros(2, 1, 16, 16), folder / "own.onnx")
    return folder


def test_an_own_network_answers_the_same_as_safetensors_and_as_onnx(own):
    images = make_tiny(5, seed=2).images
    plain, classes = answers(own / "own.safetensors", images)
    exported, none = answers(own / "own.onnx", images)
    expected = predict(build("vgg_slim", make_tiny(6, 0), seed=1), images)
    assert np.allclose(plain, expected, atol=1e-5) and classes == ("left", "right", "both")
    assert np.allclose(exported, expected, atol=1e-4) and none is None


def test_torchvisions_network_answers_as_torch_does_from_onnx_and_from_safetensors(tmp_path):
    import torchvision
    from safetensors.torch import save_file

    network = torchvision.models.mobilenet_v3_small(weights=None, num_classes=7).eval()
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    export(network, torch.zeros(2, 3, 64, 64), tmp_path / "m.onnx")
    how = {"pixels": Pixels(mean=(0.5,), std=(0.25,))}
    with torch.inference_mode():
        expected = network((torch.from_numpy(COLOUR) / 255 - 0.5) / 0.25).numpy()
    assert np.allclose(answers(tmp_path / "m.onnx", COLOUR, **how)[0], expected, atol=1e-4)
    assert np.allclose(
        answers(f"torchvision:mobilenet_v3_small:{tmp_path}/weights.safetensors", COLOUR, **how)[0], expected, atol=1e-4
    )


def test_timms_network_answers_as_torch_does_from_onnx_and_from_safetensors(tmp_path):
    timm = pytest.importorskip("timm")
    from safetensors.torch import save_file

    network = timm.create_model("test_resnet.r160_in1k", pretrained=False, num_classes=4, in_chans=1).eval()
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    export(network, torch.zeros(2, 1, 64, 64), tmp_path / "t.onnx")
    grey, how = COLOUR[:, :1], {"pixels": Pixels(mean=(0.5,), std=(0.5,))}
    with torch.inference_mode():
        expected = network((torch.from_numpy(grey) / 255 - 0.5) / 0.5).numpy()
    assert np.allclose(answers(tmp_path / "t.onnx", grey, **how)[0], expected, atol=1e-4)
    assert np.allclose(answers(f"timm:test_resnet:{tmp_path}/weights.safetensors", grey, **how)[0], expected, atol=1e-4)


def test_pictures_take_the_size_and_the_channels_that_an_onnx_file_asks_for(tmp_path):
    class Sizes(torch.nn.Module):
        def forward(self, images):
            return torch.stack([images.mean((1, 2, 3)), images.amax((1, 2, 3)), images[:, 2, 9, 4]], dim=1)

    torch.onnx.export(Sizes().eval(), (torch.zeros(1, 3, 20, 20),), tmp_path / "fixed.onnx", dynamo=True, verbose=False)
    found, _ = answers(tmp_path / "fixed.onnx", GREY)
    assert found.shape == (6, 3) and np.allclose(found[:, 0], GREY.mean(axis=(1, 2, 3)) / 255, atol=0.02)


def functions(file, monkeypatch, text):
    """A module that the current folder holds."""
    file.write_text(text)
    monkeypatch.chdir(file.parent)


def test_a_callable_is_found_from_the_callers_folder(tmp_path, monkeypatch):
    functions(
        tmp_path / "mine.py",
        monkeypatch,
        "def ask(images):\n    return images.reshape(len(images), -1)[:, :4] / 2\n"
        "def names(images):\n    return [k % 3 for k in range(len(images))]\n"
        "def broken(images):\n    raise KeyError('no\\nthing')\nnumber = 3\n",
    )
    assert np.allclose(answers("python:mine:ask", GREY)[0], GREY.reshape(6, -1)[:, :4] / 2)
    assert (answers("python:mine:names", GREY)[0].argmax(axis=1) == [0, 1, 2, 0, 1, 2]).all()
    assert r"raised KeyError: 'no\nthing'" in refusal("python:mine:broken")
    assert "not a function, found int" in refusal("python:mine:number")
    assert "has no attribute 'absent'" in refusal("python:mine:absent")
    assert "No module named 'nowhere'" in refusal("python:nowhere:ask")


def test_torchscript_is_opened_only_where_it_is_allowed(tmp_path):
    program = torch.jit.trace(build("vgg_slim", make_tiny(6, 0), seed=1), torch.zeros(1, 1, 16, 16))
    program.save(str(tmp_path / "p.pt"))
    assert "--allow-torchscript" in refusal(tmp_path / "p.pt")
    images = make_tiny(5, seed=2).images
    found, _ = answers(tmp_path / "p.pt", images, allow_torchscript=True)
    assert np.allclose(found, predict(build("vgg_slim", make_tiny(6, 0), seed=1), images), atol=1e-4)


def bomb(path):
    """A pickle that writes a file when it is opened."""
    import pickle

    class Bomb:
        def __reduce__(self):
            return (Path.write_text, (path.parent / "exploded", "boom"))

    path.write_bytes(pickle.dumps(Bomb()))
    return path


@pytest.mark.parametrize("name", ["model.pth", "model.pt2", "model.pkl", "model.bin", "model.ckpt", "model.h5"])
def test_a_file_that_can_run_code_is_refused_with_the_command_that_exports_onnx(tmp_path, name):
    said = refusal(bomb(tmp_path / name))
    assert "torch.onnx.export" in said and not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("name", ["m.pt", "m.onnx", "m.safetensors"])
def test_a_pickle_under_another_name_is_not_unpickled(tmp_path, name):
    refusal(bomb(tmp_path / name))
    if name == "m.pt":
        refusal(tmp_path / name, allow_torchscript=True)
    assert not (tmp_path / "exploded").exists()


def tampered(own, to, change):
    import onnx

    model = onnx.load(own / "own.onnx")
    change(model)
    to.write_bytes(model.SerializeToString())
    return to


def move_weights(location):
    def change(model):
        import onnx

        tensor = model.graph.initializer[0]
        size = len(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "0"), ("length", str(size))):
            tensor.external_data.add(key=key, value=value)

    return change


@pytest.mark.parametrize("location", ["/etc/passwd", "../secret", "link", "absent"])
def test_an_onnx_file_does_not_read_data_outside_of_its_folder(own, tmp_path, location):
    (tmp_path / "secret").write_bytes(bytes(1 << 20))
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to(tmp_path / "secret")
    said = refusal(tampered(own, tmp_path / "in/m.onnx", move_weights(location)))
    assert f"said to lie in {location!r}, outside of its folder" in said


def test_data_beside_an_onnx_file_are_read(own, tmp_path):
    torch.onnx.export(
        build("vgg_slim", make_tiny(6, 0), seed=1),
        (torch.zeros(2, 1, 16, 16),),
        tmp_path / "m.onnx",
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
        external_data=True,
        verbose=False,
    )
    assert (tmp_path / "m.onnx.data").exists()
    images = make_tiny(5, seed=2).images
    assert np.allclose(answers(tmp_path / "m.onnx", images)[0], answers(own / "own.onnx", images)[0])


def absurd_input(model):
    for axis in (2, 3):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = 10**9


def absurd_middle(model):
    import onnx

    shape = onnx.numpy_helper.from_array(np.array([10**6, 10**6], np.int64), "absurd_shape")
    model.graph.initializer.append(shape)
    model.graph.node.extend(
        [
            onnx.helper.make_node("ConstantOfShape", ["absurd_shape"], ["absurd"]),
            onnx.helper.make_node("ReduceSum", ["absurd"], ["absurd_sum"], keepdims=0),
            onnx.helper.make_node("Add", [model.graph.output[0].name, "absurd_sum"], ["told"]),
        ]
    )
    model.graph.output[0].name = "told"


def test_absurd_shapes_end_in_one_line(own, tmp_path):
    assert "expected square pictures" in refusal(tampered(own, tmp_path / "a.onnx", absurd_input))
    said = refusal(tampered(own, tmp_path / "b.onnx", absurd_middle), limits=Limits(gigabytes=2, seconds=60))
    assert "onnxruntime cannot" in said or "loader" in said or "--gigabytes" in said


def test_a_safetensors_header_of_a_gigabyte_is_refused(tmp_path):
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", 1 << 30) + b"{}")
    for text in (f"{tmp_path}/m.safetensors", f"timm:resnet18:{tmp_path}/m.safetensors"):
        assert "not a safetensors file" in refusal(text)


def test_safetensors_that_describe_an_impossible_network_are_refused(tmp_path):
    spec = {"arch": "vgg_slim", "channels": 1, "classes": ["a"] * 3, "mean": [0.5], "std": [0.0]}
    head = json.dumps({"__metadata__": {"sac": json.dumps(spec)}}).encode()
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(head)) + head)
    assert "the network it describes cannot be" in refusal(tmp_path / "m.safetensors")


def test_a_loader_that_takes_too_long_or_too_much_is_ended(tmp_path, monkeypatch):
    functions(
        tmp_path / "greedy.py",
        monkeypatch,
        "def slow(images):\n    while True: pass\n"
        "def large(images):\n    return len(bytearray(1 << 40))\n"
        "def gone(images):\n    import os; os.abort()\n",
    )
    assert "took longer than 1 seconds" in refusal("python:greedy:slow", limits=Limits(gigabytes=2, seconds=1))
    assert "MemoryError" in refusal("python:greedy:large", limits=Limits(gigabytes=2, seconds=60))
    assert "died of SIGABRT" in refusal("python:greedy:gone")


def test_a_child_that_is_killed_while_it_writes_its_result_has_none(tmp_path, monkeypatch):
    functions(
        tmp_path / "torn.py",
        monkeypatch,
        "import os, pathlib\n"
        "def half(path, data, *more):\n"
        "    with path.open('w') as file:\n        file.write(str(data)[: len(data) // 2])\n"
        "    os.kill(os.getpid(), 9)\n"
        "def ask(images):\n"
        "    pathlib.Path.write_text = pathlib.Path.write_bytes = half\n"
        "    return images.reshape(len(images), -1)[:, :3] / 2\n",
    )
    assert "its loader died of SIGKILL" in refusal("python:torn:ask")


def test_answers_that_are_nan_or_of_another_shape_are_refused(tmp_path, monkeypatch):
    (tmp_path / "odd.py").write_text(
        "import numpy as np\ndef nan(images):\n    return np.full((len(images), 3), np.nan)\n"
        "def few(images):\n    return np.ones((2, 3))\ndef text(images):\n    return ['a'] * len(images)\n"
        "def one(images):\n    return np.ones((len(images), 1))\n"
    )
    monkeypatch.chdir(tmp_path)
    assert "NaN or infinite" in refusal("python:odd:nan")
    for name in ("few", "text", "one"):
        assert "expected a row of 2 to" in refusal(f"python:odd:{name}")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("a.onnx", "onnx_file"),
        ("a.safetensors", "zoo_model"),
        ("timm:resnet18:a.safetensors", "safetensors_file"),
        ("torchvision:resnet18:a.safetensors", "safetensors_file"),
        ("python:a.b:c", "python_callable"),
        ("a.pt", "torchscript_file"),
        ("http://127.0.0.1:1/v2/models/m", "open_inference"),
        ("a.yaml", "rest"),
    ],
)
def test_every_format_is_told_by_how_a_model_is_named(text, form):
    assert format_of(text) == form and form in FORMATS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "expected one of FILE.onnx"),
        ("http://127.0.0.1/predict", "describe another interface in a YAML"),
        ("missing.onnx", "no such file"),
        ("timm:no_such_net:x.safetensors", "no such file"),
        ("python:only", "expected python:"),
    ],
)
def test_what_is_no_model_says_what_is_expected(text, says):
    assert says in refusal(text)


def test_names_with_markup_stay_text(tmp_path):
    folder = enrolled(tmp_path / "case")
    hostile = tmp_path / "<script>alert(1)<script>.csv"
    hostile.write_text("probe,label\n" + "".join(f"{place},thing {place % 5}\n" for place in range(60)))
    assert sac("import", folder, hostile).returncode == 0
    owner.verify(folder)
    page = (folder / "verdict/verdict.html").read_text()
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert owner.recheck(folder)
