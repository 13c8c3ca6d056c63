"""Copies against irrelevant models and against references: scores by hand."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.knowledge import scored
from pipeline.fingerprints.scoring import Asked
from pipeline.outputs.table import Answers


def test_every_model_is_scored_without_references():
    source = np.array([[1.0, 0.0], [0.0, 1.0]])
    alike, between, unlike = source * 2, np.array([[1.0, 1.0], [0.0, 1.0]]), source[::-1]
    attacks = ["extract_adv", "irrelevant", "references", "references", "extract_label", "extract_prob"]
    models = pd.DataFrame({"attack": attacks})
    logits = [between, alike, unlike, alike, source, source]
    answers = Answers("wrong", source, ("a", "b"), models, logits, [("a", "b")] * 6, *[np.zeros(2)] * 2)
    found = scored(Asked(answers, "logits"), "pointwise_cosine")
    assert found["extract_adv"] == pytest.approx([(np.sqrt(0.5) + 1) / 2])
    assert found["irrelevant"] == pytest.approx([1.0]) and found["references"] == pytest.approx([0.0, 1.0])
