"""Whether copies pass for innocent because they know less: AUC against irrelevant models, and against an owner's references.

    python -m benchmarks.knowledge cifar10_views emotion_views      # seconds; reads snapshots/

Both kinds were made without the source; the references learned fewer images. If copies score below irrelevant models and above
references that are right about as often as they are, then what hides them is how little they know. Writes knowledge.csv:
share of held-out images that the models of an attack, the irrelevant models and the references are right on, and for
fingerprints without references both AUCs.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pandas as pd

from pipeline.core.names import module
from pipeline.fingerprints.references import Round
from pipeline.fingerprints.scoring import Asked
from pipeline.metrics.auc import auc
from pipeline.outputs.table import read_outputs
from pipeline.publish.snapshot import Snapshot, lay_out, read_snapshot
from pipeline.reports.text import write_csv

OUT = Path(__file__).parent / "knowledge.csv"
ATTACKS = ("extract_label", "extract_prob", "extract_adv")
IRRELEVANT, REFERENCES = "irrelevant", "references"
FINGERPRINTS = {
    "SAC-w": ("misclassified", "wrong", "cosine_l1"),
    "SAC-m": ("augmented", "cutmix", "cosine_l1"),
    "SAC-JC": ("augmented", "jpeg", "cosine_l1"),
    "Logit cosine": ("misclassified", "wrong", "pointwise_cosine"),
}
"""Family and method of the probes, and the comparison."""


def held_out(snapshot: Snapshot, attack: str) -> float:
    """The mean share of held-out images that the models of an attack are right on."""
    models = json.loads(snapshot.files[f"records/{attack}.json"])["models"]
    return float(np.mean([model["test_accuracy"] for model in models]))


def scored(asked: Asked, comparison: str) -> dict[str, np.ndarray]:
    """The scores of all models without references, by attack."""
    models = asked.answers.suspects["attack"].to_numpy(str)
    everyone = Round(np.zeros(0, int), np.arange(len(models)))
    scores = asked.scores(module("fingerprints", comparison).Comparison(), [everyone])[0]
    return {attack: scores[models == attack] for attack in (*ATTACKS, IRRELEVANT, REFERENCES)}


def rows(task: str) -> Iterator[dict[str, object]]:
    """A row for each attack and fingerprint."""
    snapshot = read_snapshot(task)
    known = {attack: held_out(snapshot, attack) for attack in (*ATTACKS, IRRELEVANT, REFERENCES)}
    with tempfile.TemporaryDirectory() as folder:
        lay_out(snapshot, Path(folder))
        outputs = Path(folder) / "artifacts" / task / "outputs"
        answers = {
            (family, own.method): own
            for family in ("augmented", "misclassified")
            for own in read_outputs(outputs / f"{family}.parquet")
        }
    for name, (family, method, comparison) in FINGERPRINTS.items():
        scores = scored(Asked(answers[family, method], "logits"), comparison)
        for attack in ATTACKS:
            yield {
                "task": task,
                "attack": attack,
                "held_out": known[attack],
                "irrelevant_held_out": known[IRRELEVANT],
                "references_held_out": known[REFERENCES],
                "fingerprint": name,
                "auc": auc(scores[attack], scores[IRRELEVANT]),
                "auc_against_references": auc(scores[attack], scores[REFERENCES]),
            }


@click.command()
@click.argument("tasks", nargs=-1, required=True)
def main(tasks: tuple[str, ...]) -> None:
    """Measure the published runs of TASKS."""
    frame = pd.DataFrame([row for task in tasks for row in rows(task)])
    write_csv(frame.round(4), OUT)
    click.echo(frame.round(2).to_string(index=False))


if __name__ == "__main__":
    main()
