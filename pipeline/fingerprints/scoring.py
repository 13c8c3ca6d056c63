"""Scores of all suspects by all fingerprints of one kind of probes."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.representation import REPRESENTATIONS
from pipeline.outputs import SUSPECT, Answers

FINGERPRINT = ["method", "representation", "comparison"]


def score_frame(task: str, answers: Answers, comparisons: dict[str, Comparing], counts: tuple[int, ...]) -> pd.DataFrame:
    """One row for each fingerprint, number of probes and suspect.

    Columns: task, method (the probes' kind), representation, comparison, count, those of SUSPECT, score. The score is
    NaN where a comparison does not apply; it is float32, so that machines that differ in the last bits of float64 write
    the same. `counts` are the smaller numbers of probes to score besides all of them.
    """
    total = len(answers.labels)
    frames = []
    for count in sorted({total, *(count for count in counts if count < total)}):
        for name, representation, scores in _scores(answers, comparisons, count):
            about = {"task": task, "method": answers.kind, "representation": representation, "comparison": name,
                     "count": count, "score": scores.astype(np.float32)}
            frames.append(answers.suspects[SUSPECT].assign(**about))
    return pd.concat(frames, ignore_index=True)[["task", *FINGERPRINT, "count", *SUSPECT, "score"]]


def _scores(answers: Answers, comparisons: dict[str, Comparing], count: int) -> Iterator[tuple[str, str, np.ndarray]]:
    labels, targets = answers.labels[:count], answers.targets[:count]
    groups = [(places, logits[:, :count], same) for places, logits, same in answers.groups()]
    for representation, represent in REPRESENTATIONS.items():
        source = represent(answers.source[:count])
        stacks = [(places, represent(logits), same) for places, logits, same in groups]
        for name, comparison in comparisons.items():
            if representation not in comparison.scored_on(answers.kind):
                continue
            scores = np.full(len(answers.suspects), np.nan)
            for places, stack, same in stacks:
                if same or not comparison.same_classes:
                    scores[places] = comparison(source, stack, labels, targets)
            yield name, representation, scores
