"""Notes say nothing of a measured number that no table holds."""

import re

import pandas as pd
import pytest

from pipeline.core.errors import BadInput
from pipeline.reports import notes

FRAMES = {
    "main": pd.DataFrame(
        [
            {
                "fingerprint": "SAC-m",
                "attack": attack,
                "auc": auc,
                "low": 0.8,
                "high": 1.0,
                "published": "0.97",
                "inside": inside,
            }
            for attack, auc, inside in (("prune", 0.9149, "yes"), ("average", 0.5, "no"), ("pooled", 0.5, "yes"))
        ]
    ),
    "accuracy": pd.DataFrame(
        [
            {"attack": attack, "arch": arch, "models": models, "train_accuracy": 1.0, "test_accuracy": 0.596}
            for attack, arch, models in (
                ("source", "vgg_slim", 1),
                ("references", "vgg_slim", 2),
                ("references", "resnet_slim", 3),
            )
        ]
    ),
    "success": pd.DataFrame([{"method": "jpeg", "irrelevant": 0.484}]),
    "pruning": pd.DataFrame([{"ratio": "0.20", "auc": 0.333}]),
}
OTHERS = {
    "0.39": "an earlier trial, of which no table is kept",
    "1.00": "what the paper prints everywhere",
    "0.45": "a ratio",
    "87.3": "the paper's source",
}


@pytest.fixture
def says(tmp_path, monkeypatch):
    """What a template becomes."""
    monkeypatch.setattr(notes, "FOLDER", tmp_path)

    def render(text):
        (tmp_path / "made.md").write_text(text)
        return notes.notes_of("made", FRAMES)

    return render


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ auc("SAC-m", "prune") }}', "0.91"),
        ('{{ limits("SAC-m", "prune") }}', "[0.80, 1.00]"),
        ('{{ paper("SAC-m", "average") }}', "0.97"),
        ('{{ held_out("source") }}', "60 %"),
        ('{{ learned("source", "vgg_slim") }}', "100 %"),
        ('{{ models("references") }}', "5"),
        ('{{ answered("jpeg", "irrelevant") }}', "48 %"),
        ('{{ pruned("0.20", "auc") }}', "0.33"),
        ("{{ inside() }}", "1 of 2"),
    ],
)
def test_a_number_is_read_from_its_table(template, text, says):
    assert says(f"It is {template}.\n") == f"It is {text}.\n"


@pytest.mark.parametrize(
    "template",
    ['{{ auc("SAC-w", "prune") }}', '{{ answered("jpeg", "prune") }}', '{{ pruned("0.3", "auc") }}', '{{ models("prune") }}'],
)
def test_a_number_that_no_table_holds_stops_the_report(template, says):
    with pytest.raises(BadInput, match="notes of made: no number in table"):
        says(template)


def test_a_task_without_notes_has_none(says):
    assert notes.notes_of("other", FRAMES) == ""


@pytest.mark.parametrize("file", sorted(notes.FOLDER.glob("*.md")), ids=lambda file: file.stem)
def test_a_template_writes_no_measured_number_itself(file):
    text = re.sub(r"\{\{.*?\}\}", "", file.read_text())
    assert set(re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", text)) <= OTHERS.keys()
