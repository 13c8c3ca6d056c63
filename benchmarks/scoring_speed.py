"""Scoring of 150 suspects by SAC against the same by a naive double loop over pairs of probes, in one run on one core.

python benchmarks/scoring_speed.py
"""

import time

import click
import numpy as np

from pipeline.fingerprints.comparing import Told
from pipeline.fingerprints.cosine_l1 import Comparison


def naive(source, suspects):
    """Eq. 1, 2 and 4 as they are written: a Python loop over suspects and over pairs of probes."""
    return np.array([-np.abs(matrix(suspect) - matrix(source)).sum() / len(source) ** 2 for suspect in suspects])


def matrix(answers):
    """All cosines of pairs of answers, one by one."""
    return np.array([[a @ b / (np.linalg.norm(a) * np.linalg.norm(b)) for b in answers] for a in answers])


@click.command()
@click.option("--suspects", default=150, show_default=True)
@click.option("--probes", default=200, show_default=True)
@click.option("--timed", default=3, show_default=True, help="Suspects that the naive loop is timed on.")
def main(suspects, probes, timed):
    """Print seconds of both, the naive ones scaled up from a few suspects, and their ratio."""
    draw = np.random.default_rng(0)
    source, others = draw.normal(size=(probes, 10)), draw.normal(size=(suspects, probes, 10))
    labels = targets = np.zeros(probes, int)
    score = Comparison()
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        batched = score(Told(source, others, labels, targets))
        seconds.append(time.perf_counter() - began)
    began = time.perf_counter()
    looped = naive(source, others[:timed])
    slow = (time.perf_counter() - began) / timed * suspects
    assert np.allclose(batched[:timed], looped)
    print(
        f"{suspects} suspects x {probes} probes: batched {min(seconds):.3f} s, naive loop {slow:.1f} s "
        f"(from {timed} suspects), ratio {slow / min(seconds):.0f}"
    )


if __name__ == "__main__":
    main()
