"""A model is made anew when what its code does changes, and not when it is only written otherwise."""

import pytest

from pipeline.core.code import meaning

CODE = '"""Says."""\nfrom typing import Any\n\n\ndef double(x: int) -> int:\n    """Twice."""\n    return 2 * x  # so\n'


def of(folder, text):
    file = folder / f"{abs(hash(text))}.py"
    file.write_text(text)
    return meaning(file)


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("Twice", "Two times"),
        CODE.replace("  # so", ""),
        CODE.replace("x: int", "x"),
        CODE.replace(" -> int", ""),
        CODE.replace("2 * x", "(2\n            * x)"),
        CODE.replace("Any", "Any, Literal"),
        CODE.replace("def", "if TYPE_CHECKING:\n    import os\n\ndef"),
    ],
)
def test_how_code_is_written_does_not_matter(other, tmp_path):
    assert other != CODE and of(tmp_path, other) == of(tmp_path, CODE)


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("2 * x", "3 * x"),
        CODE.replace("2 * x", "x * 2"),
        CODE.replace("(x: int)", "(x: int = 1)"),
        CODE + "\n\nclass Record:\n    x: int\n",
    ],
)
def test_what_code_does_matters(other, tmp_path):
    assert of(tmp_path, other) != of(tmp_path, CODE)


def test_what_a_record_accepts_matters(tmp_path):
    assert of(tmp_path, "class Record:\n    x: int\n") != of(tmp_path, "class Record:\n    x: float\n")
