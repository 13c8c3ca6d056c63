"""The comparison with QuRD, which is not installed here, ends in one line."""

import pytest
from click.testing import CliRunner

from benchmarks import qurd


def test_without_qurd_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(qurd, "find_spec", lambda name: None)
    done = CliRunner().invoke(qurd.main, [str(tmp_path)])
    assert done.exit_code == 1
    assert done.output == "Error: QuRD is not installed: clone github.com/grodino/QuRD and put its folder on PYTHONPATH\n"


@pytest.mark.parametrize("program", [qurd.DISTANCES, qurd.DISTANCES + qurd.RANKS])
def test_the_programs_by_hand_are_python(program):
    compile(program, "by hand", "exec")


def test_answers_are_told_with_their_number():
    assert qurd.short("copy (p = 0.0491803): it is closer") == "copy, p = 0.049"
    assert qurd.short("no copy shown 0.0655737") == "no copy shown, p = 0.066"
    assert qurd.short("0.22260552") == "0.223"
