"""A model is made anew when what its code does changes, and not when it is only written otherwise."""

import pytest

from pipeline.attacks import read_attack
from pipeline.core.code import meaning
from pipeline.tasks.recipe import Recipe
from pipeline.tasks.task import Verification
from pipeline.zoo.plan import Material, plan

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


def test_how_a_source_of_faces_is_prepared_matters_to_whoever_gets_it(tiny, monkeypatch):
    faces = Verification(size=16, channels=1, gallery=2, pairs=20, calibration=2)
    tasks = {"vgg_slim": None, "face_resnet18_slim": faces}

    def key(arch, attack):
        maker = read_attack(attack)
        source = (b"", arch) if maker.needs_source else (None, None)
        (job,) = plan(attack, maker, [arch], 1, Recipe(epochs=1), Material(tiny, tiny, *source, tasks[arch]))[:1]
        return job.key

    pairs = [(arch, attack) for arch in tasks for attack in ("irrelevant", "finetune_all")]
    here = {pair: key(*pair) for pair in pairs}
    monkeypatch.setattr("pipeline.zoo.plan.SHAPES_VERIFICATION", ())
    assert [pair for pair in pairs if key(*pair) != here[pair]] == [("face_resnet18_slim", "finetune_all")]
