"""How sure of themselves models are, computed by hand."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.confidence import confidence
from pipeline.outputs.table import Answers


def test_confidence_and_agreement_are_means_over_models_of_the_same_classes():
    sure, torn, other = (np.log(np.array(rows)) for rows in ([[0.9, 0.1]] * 2, [[0.6, 0.4], [0.3, 0.7]], [[0.5, 0.5]] * 2))
    models = pd.DataFrame({"attack": ["copy", "copy", "moved"]})
    answers = Answers(
        "clean", sure, ("a", "b"), models, [sure, torn, other], [("a", "b")] * 2 + [("x", "y")], *[np.zeros(2)] * 2
    )
    found = confidence(answers)
    assert found["attack"].tolist() == ["source", "copy"] and found["models"].tolist() == [1, 2]
    assert found["confidence"].tolist() == pytest.approx([0.9, (0.9 + 0.65) / 2])
    assert found["agreement"].tolist() == pytest.approx([1.0, 0.75])
