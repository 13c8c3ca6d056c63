"""How sure of themselves the models of published runs are, by attack.

    python -m benchmarks.confidence fashion_mnist_views cifar10_views      # seconds; reads snapshots/

For the source and the models of every attack that have its classes, on clean probes: the mean largest probability, and the
share of probes that they label as the source does. Writes confidence.csv.
"""

import tempfile
from pathlib import Path

import click
import pandas as pd

from pipeline.fingerprints.representation import softmax
from pipeline.outputs.table import SOURCE, Answers, read_outputs
from pipeline.publish.snapshot import lay_out, read_snapshot
from pipeline.reports.text import write_csv

OUT = Path(__file__).parent / "confidence.csv"


def confidence(answers: Answers) -> pd.DataFrame:
    """Columns: attack, models, confidence, agreement (means over models); the source is the first row."""
    label = answers.source.argmax(axis=1)
    rows = [(SOURCE, softmax(answers.source).max(axis=1).mean(), 1.0)]
    for attack, logits, classes in zip(answers.suspects["attack"], answers.logits, answers.classes, strict=True):
        if classes == answers.source_classes:
            rows.append((attack, softmax(logits).max(axis=1).mean(), (logits.argmax(axis=1) == label).mean()))
    frame = pd.DataFrame(rows, columns=["attack", "confidence", "agreement"]).groupby("attack", sort=False)
    return frame.mean().assign(models=frame.size()).reset_index()[["attack", "models", "confidence", "agreement"]]


@click.command()
@click.argument("tasks", nargs=-1, required=True)
def main(tasks: tuple[str, ...]) -> None:
    """Measure the published runs of TASKS."""
    frames = []
    for task in tasks:
        with tempfile.TemporaryDirectory() as folder:
            lay_out(read_snapshot(task), Path(folder))
            asked = read_outputs(Path(folder) / "artifacts" / task / "outputs/augmented.parquet")
        frames.append(confidence(next(own for own in asked if own.method == "clean")).assign(task=task))
    frame = pd.concat(frames, ignore_index=True)[["task", "attack", "models", "confidence", "agreement"]]
    write_csv(frame, OUT)
    click.echo(frame.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
