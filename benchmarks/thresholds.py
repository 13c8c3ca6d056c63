"""How far the threshold of a face verification model moves when other people calibrate it, and its answers with it.

Reads a finished run of TASK: its source, the defender's calibration people and the probe people. Each draw calibrates with
half of those people, once by the most accurate threshold and once by that of equal errors. Writes thresholds/TASK.csv.

    python benchmarks/thresholds.py faces
"""

from pathlib import Path

import click
import numpy as np
import pandas as pd

from pipeline.data.images import load_images
from pipeline.models.network import embeddings, load
from pipeline.reports.text import write_csv
from pipeline.tasks.task import task_part
from pipeline.verification.thresholds import best_threshold, cosines, equal_error_threshold, seeded_pairs
from pipeline.zoo.suspects import only_model

RULES = {"most accurate": best_threshold, "equal errors": equal_error_threshold}
PROBE_PAIRS = 4000
HERE = Path(__file__).parent / "thresholds"


@click.command()
@click.argument("task")
@click.option("--draws", default=100, show_default=True)
def main(task, draws):
    """Mean and standard deviation of thresholds, and of the share of one person's pairs that are recognised."""
    folder = Path("artifacts") / task
    network = load(only_model(folder / "source"))
    own, probes = (load_images(folder / f"defender/{name}.safetensors") for name in ("calibration", "pool"))
    vectors = embeddings(network, own.images)
    shown, (first, second, same) = embeddings(network, probes.images), seeded_pairs(probes.labels, PROBE_PAIRS, 0)
    cosine = cosines(shown[first], shown[second])[same]
    people, draw, rows = np.unique(own.labels), np.random.default_rng(0), []
    for seed in range(draws):
        chosen = np.flatnonzero(np.isin(own.labels, draw.choice(people, len(people) // 2, replace=False)))
        one, other, alike = seeded_pairs(own.labels[chosen], task_part(task, "verification").calibration // 2, seed)
        scores = cosines(vectors[chosen][one], vectors[chosen][other])
        rows += [
            {"rule": name, "threshold": rule(scores, alike), "recognised": (cosine >= rule(scores, alike)).mean()}
            for name, rule in RULES.items()
        ]
    table = pd.DataFrame(rows).groupby("rule").agg(["mean", "std"]).round(3)
    table.columns = [f"{name}_{value}" for name, value in table.columns]
    write_csv(table.reset_index(), HERE / f"{task}.csv")
    click.echo(table.to_string())


if __name__ == "__main__":
    main()
