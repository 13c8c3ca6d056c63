"""Asking the suspects of a case: what each is called, and that nobody asks the same one twice."""

import pytest
from click.testing import CliRunner

from stages.cli import sac
from tests.casemaking import enrolled


@pytest.fixture
def case(tmp_path):
    return enrolled(tmp_path / "case", count=40)


def test_suspects_that_would_be_called_the_same_are_refused_and_both_named(case, tmp_path):
    words = ["ask", str(case), f"{tmp_path}/a/model.onnx", f"{tmp_path}/b/model.onnx"]
    done = CliRunner().invoke(sac, words)
    assert done.exit_code == 2 and done.output.count("\n") == 1
    assert f"{tmp_path}/a/model.onnx and {tmp_path}/b/model.onnx: both would be called 'model'" in done.output
    assert "--name" in done.output and not (case / "suspects").exists()
