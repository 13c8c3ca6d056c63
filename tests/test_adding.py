"""What docs/add.md says, to the letter: one file and one section, and `sac wire` where there is a list to keep."""

import os
import subprocess
import sys

import numpy as np
import pytest
import yaml
from PIL import Image

from tests import scratch
from tests.scratch import TASK

pytestmark = pytest.mark.slow  # clones that run

HOME = f"artifacts/{TASK}"
ATTACK = '''"""Nothing but a copy of the source, trained on."""

from pipeline.training.maker import Maker


class Attack(Maker):
    """A white-box attack."""

    own_arch = True
    begins = "source"
'''
DATA = '''"""Bright and dark squares."""

from pathlib import Path

import numpy as np

from pipeline.data.images import Images, from_arrays


def load(folder: Path) -> tuple[Images, Images]:
    """600 training and 400 test images."""
    labels = np.arange(1000) % 2
    pixels = np.random.default_rng(0).integers(0, 100, (1000, 1, 16, 16)).astype(np.uint8) + labels[:, None, None, None] * 100
    both = from_arrays(pixels.astype(np.uint8), labels, ("dark", "bright"))
    return both.take(np.arange(600)), both.take(np.arange(600, 1000))
'''
FAMILY = '''"""The first images, upside down."""

from typing import ClassVar, Literal

from pipeline.core.params import Parameters
from pipeline.data.images import Images
from pipeline.probes.probe_set import DefenderModels, ProbeSet, probe_set
from pipeline.tasks.task import Count


class Family(Parameters):
    """`count` of them."""

    tasks: ClassVar = ("classification",)
    methods: ClassVar = ("upside_down",)

    count: Count
    held_out: Literal["pool", "accuracy"] = "pool"

    def __call__(self, held_out: Images, models: DefenderModels) -> list[ProbeSet]:
        """One set. Asks no model."""
        index = held_out.labels[:self.count] * 0
        return [probe_set("upside_down", held_out.images[:self.count, :, ::-1], held_out.labels[:self.count], index)]
'''
COMPARISON = '''"""Minus the mean distance of the answers."""

import numpy as np

from pipeline.fingerprints.comparing import Comparing


class Comparison(Comparing):
    """No parameters of its own."""

    same_classes = True

    def __call__(self, told):
        return -np.abs(told.suspects - told.source).mean(axis=(-1, -2))
'''
MODELS = '''"""One linear layer."""

from torch import nn

ARCHITECTURES = ("flat_slim",)


def flat_slim(channels: int, classes: int):
    """Pooled to 4 x 4."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten()), nn.Linear(16 * channels, classes)
'''


def sac(folder, line, fails=False, **settings):
    """Run a command of the folder's own code."""
    environment = os.environ | {"PYTHONPATH": str(folder), "SAC_JOBS": "1"} | settings
    done = subprocess.run(
        [sys.executable, "-m", "stages.cli", *line.split()], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def split(task):
    home = f"artifacts/{task}"
    return (
        f"split {task} --defender {home}/defender --attacker {home}/attacker --accuracy {home}/accuracy "
        f"--manifest {home}/manifest.json"
    )


def source(task):
    home = f"artifacts/{task}"
    return (
        f"source {task} --half {home}/defender/task.safetensors --accuracy {home}/accuracy/task.safetensors "
        f"--out {home}/source --records {home}/records/source.json"
    )


def zoo(attack):
    return (
        f"zoo {TASK} {attack} --attacker {HOME}/attacker --accuracy {HOME}/accuracy --source {HOME}/source "
        f"--out {HOME}/zoo/{attack} --records {HOME}/records/{attack}.json"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A scratch clone with the split and the source of a tiny task."""
    folder = scratch.make(tmp_path_factory.mktemp("adding"))
    sac(folder, split(TASK))
    sac(folder, source(TASK))
    return folder


@pytest.fixture
def add(folder):
    """Write one file and one section; both go again, and dvc.yaml is as it was."""
    files, wiring = [], (folder / "dvc.yaml").read_text()

    def write(file, text, section, name, value):
        if file:
            files.append(folder / file)
            files[-1].write_text(text)
        params = scratch.tiny_params()
        params[section][name] = value
        if section == "task":
            params["tasks"] = [name]
        scratch.write_params(folder, params)

    yield write
    for file in files:
        file.unlink()
    (folder / "dvc.yaml").write_text(wiring)
    scratch.write_params(folder, scratch.tiny_params())


def task_like_tiny(**changes):
    return {"like": TASK, "transfer": None, "corrupted": None, "watermark": None, "title": "mine"} | changes


def dvc_yaml(folder):
    return yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]


def test_an_attack(folder, add):
    add("pipeline/attacks/copied.py", ATTACK, "attacks", "copied", {})
    assert "type `sac wire`" in sac(folder, "check", fails=True)
    assert "dvc.yaml: written" in sac(folder, "wire")
    sac(folder, "check --out artifacts/checked")
    sac(folder, zoo("copied"))
    assert list((folder / HOME / "zoo/copied").glob("*.safetensors"))
    assert "artifacts/${item.task}/records/copied.json" in dvc_yaml(folder)["report"]["deps"]
    assert "pipeline/attacks/copied.py" in (folder / "artifacts/checked/code/zoo/copied.sha256").read_text()


def test_an_attack_leaves_the_papers_average_alone(folder, add):
    from pipeline.reports.tables import AVERAGED

    add("pipeline/attacks/copied.py", ATTACK, "attacks", "copied", {})
    sac(folder, "wire")
    sac(folder, "check")
    assert "copied" not in AVERAGED
    assert set(AVERAGED) <= {name for section in ("attacks", "second_attacks") for name in scratch.tiny_params()[section]}


def test_a_data_set(folder, add):
    add("pipeline/data/squares.py", DATA, "task", "mine", task_like_tiny(data="squares"))
    sac(folder, "check")
    sac(folder, split("mine"))
    sac(folder, source("mine"))


def test_a_folder_of_class_folders_without_code(folder, add, tmp_path):
    draw = np.random.default_rng(0)
    for name, low in (("cats", 0), ("dogs", 120)):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(400):
            side = int(draw.integers(16, 24))
            pixels = draw.integers(low, low + 100, (side, side)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"pets/{name}/{number:03}.png")
    add(None, None, "task", "mine", task_like_tiny(data="pets"))
    assert "unknown name 'pets'" in sac(folder, "check", fails=True)
    sac(folder, "check", SAC_DATA=str(tmp_path))
    sac(folder, split("mine"), SAC_DATA=str(tmp_path))
    sac(folder, source("mine"))


def test_a_family_of_probes(folder, add):
    add("pipeline/probes/turned.py", FAMILY, "probes", "turned", {"count": 12})
    assert "type `sac wire`" in sac(folder, "check", fails=True)
    sac(folder, "wire")
    sac(folder, "check")
    said = sac(
        folder,
        f"probes {TASK} turned --defender {HOME}/defender --accuracy {HOME}/accuracy/task.safetensors "
        f"--source {HOME}/source --surrogates {HOME}/source --references {HOME}/source "
        f"--out {HOME}/probes/turned",
    )
    assert "upside_down 12" in said


def test_a_comparison(folder, add, tmp_path):
    add("pipeline/fingerprints/near.py", COMPARISON, "comparisons", "near", {})
    sac(folder, "check")
    code = (
        "import numpy as np; from pathlib import Path; from pipeline.core.params import read;"
        "from pipeline.fingerprints.comparing import Told; from pipeline.fingerprints.naming import read_comparisons;"
        "near = read_comparisons()['near']; one = np.eye(4);"
        "print(near(Told(one, np.stack([one, 1 - one]), np.arange(4), np.full(4, -1))).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().replace("-0.0", "0.0") == "[0.0, -1.0]"


def test_an_architecture(folder, add):
    add("pipeline/models/flat.py", MODELS, "task", "mine", task_like_tiny(source="flat_slim", archs=["flat_slim"]))
    sac(folder, "check")
    sac(folder, split("mine"))
    sac(folder, source("mine"))


def test_an_architecture_of_timm(folder, add):
    pytest.importorskip("timm")
    add(None, None, "task", "mine", task_like_tiny(source="timm_resnet10t", archs=["timm_resnet10t"]))
    sac(folder, "check")
    sac(folder, split("mine"))
    sac(folder, source("mine"))
    assert (folder / "artifacts/mine/source/suspects.json").exists()
