"""Whether thresholds travel: the mean F1 when one task's irrelevant models judge another task's suspects.

SAC-JC's Figure 5, for fingerprints with and without references, over finished runs (a published snapshot, or
artifacts/TASK). A threshold is the highest score of four irrelevant models, one an architecture, the mean over all such
choices. Writes exchange.csv under benchmarks/references/.

    dvc pull snapshots/*.dvc
    python benchmarks/exchange.py snapshots/fashion_mnist snapshots/cifar10_views snapshots/emotion_views
"""

from itertools import product
from pathlib import Path

import click
import numpy as np
import pandas as pd

from pipeline.core.names import module
from pipeline.fingerprints.references import INNOCENTS, IRRELEVANT, NONE, Kind, Round, rounds, suspects_of
from pipeline.fingerprints.scoring import Asked, mean_scores
from pipeline.outputs.table import read_outputs
from pipeline.reports.text import write_csv

HERE = Path(__file__).parent / "references"
ATTACKS = ("finetune_all", "finetune_last", "prune", "extract_label", "extract_prob", "extract_adv")
METHODS = ("jpeg", "cutmix", "wrong")
COMPARISONS: dict[str, Kind] = {
    "cosine_l1": NONE,
    "pointwise_cosine": NONE,
    "partial": INNOCENTS,
    "partial_pointwise": INNOCENTS,
}


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", default=HERE, type=click.Path(path_type=Path), show_default=True, help="Folder of the table.")
def main(runs: tuple[Path, ...], out: Path) -> None:
    """Write the matrix over the RUNS: a row for each fingerprint and task judged, a column for each task that judges."""
    asked = {
        (run.name, answers.method): Asked(answers, "logits")
        for run in runs
        for family in ("augmented", "misclassified")
        for answers in read_outputs(run / "outputs" / f"{family}.parquet")
        if answers.method in METHODS
    }
    rows = []
    for (name, kind), method in product(COMPARISONS.items(), METHODS):
        found = {run.name: _scores(asked[run.name, method], name, kind) for run in runs if (run.name, method) in asked}
        limits = {task: _threshold(frame) for task, frame in found.items()}
        for task, frame in found.items():
            judged = {judge: _mean_f1(frame, limit) for judge, limit in limits.items()}
            others = np.mean([value for judge, value in judged.items() if judge != task])
            rows.append(
                {
                    "method": method,
                    "comparison": name,
                    "references": kind,
                    "task": task,
                    "threshold": limits[task],
                    "own": judged[task],
                    "others": others,
                    **judged,
                }
            )
    table = pd.DataFrame(rows).round(3)
    write_csv(table, out / "exchange.csv")
    click.echo(table.groupby(["comparison", "method"], sort=False)[["own", "others"]].mean().round(3).to_string())


def _scores(asked: Asked, name: str, kind: Kind) -> pd.DataFrame:
    """The suspects that have a score: attack, arch and score."""
    models = asked.answers.suspects
    chosen = rounds(kind, models) if kind else [Round(np.zeros(0, int), suspects_of(models))]
    scores = mean_scores(asked, module("fingerprints", name).Comparison(), chosen)
    return models[["attack", "arch"]].assign(score=scores).dropna()


def _threshold(frame: pd.DataFrame) -> float:
    own = frame[frame["attack"] == IRRELEVANT]
    choices = product(*(group.to_numpy() for _, group in own.groupby("arch")["score"]))
    return float(np.mean([max(choice) for choice in choices]))


def _mean_f1(frame: pd.DataFrame, limit: float) -> float:
    """The mean over attacks of F1; the models that set the limit are no exception among the negatives."""
    above = frame["score"] > limit
    false = int(above[frame["attack"] == IRRELEVANT].sum())
    found = np.array([above[frame["attack"] == attack].sum() for attack in ATTACKS])
    sizes = np.array([(frame["attack"] == attack).sum() for attack in ATTACKS])
    return float((2 * found / (found + false + sizes)).mean())


if __name__ == "__main__":
    main()
