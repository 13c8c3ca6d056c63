"""Fingerprints that take out what references explain, beside those that need none, for every kind of references.

Reads the outputs of finished runs (a published snapshot, or artifacts/TASK) and writes under benchmarks/references/:

    averages.csv      the average AUC over the attacks on the attacker's own images, and that of the two transfer attacks
    curve.csv         the same average by the number of references, over 20 choices of them
    accusations.csv   the share of irrelevant and of stolen models that conformal p-values accuse

    dvc pull snapshots/*.dvc
    python benchmarks/references.py snapshots/fashion_mnist snapshots/cifar10_views snapshots/emotion_views
"""

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pandas as pd

from pipeline.core.names import module
from pipeline.fingerprints.comparing import Comparing
from pipeline.fingerprints.references import KINDS, NONE, Round, rounds, suspects_of
from pipeline.fingerprints.scoring import Asked, mean_scores
from pipeline.metrics.auc import auc
from pipeline.outputs.table import read_outputs
from pipeline.reports.references import accusations, average_auc, reference_curve
from pipeline.reports.text import write_csv

HERE = Path(__file__).parent / "references"
ATTACKS = ("finetune_all", "finetune_last", "prune", "extract_label", "extract_prob", "extract_adv")
TRANSFER, TRANSFER_JUDGE = ("transfer_all", "transfer_last"), "irrelevant_transfer"
FAMILIES = {"augmented": ("clean", "cutmix", "jpeg"), "misclassified": ("source_wrong", "wrong")}
LEVELS = (0.05, 0.1, 0.2)
COMPARISONS = (
    "cosine_l1",
    "pointwise_cosine",
    "matching",
    "linear_cka",
    "procrustes",
    "distance_correlation",
    "partial",
    "partial_pointwise",
    "label_likelihood",
)


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", default=HERE, type=click.Path(path_type=Path), show_default=True, help="Folder of the tables.")
def main(runs: tuple[Path, ...], out: Path) -> None:
    """Write the three tables over the RUNS, folders that hold outputs/."""
    comparisons = {name: module("fingerprints", name).Comparison() for name in COMPARISONS}
    referring = {name: comparison for name, comparison in comparisons.items() if comparison.needs_references}
    tables: dict[str, list[pd.DataFrame]] = {"averages": [], "curve": [], "accusations": []}
    for run in runs:
        for asked in _read(run):
            tables["averages"].append(_averages(asked, comparisons).assign(task=run.name))
            tables["curve"].append(reference_curve(asked, referring, ATTACKS).assign(task=run.name))
            judged = referring | {"cosine_l1": comparisons["cosine_l1"]}
            tables["accusations"].append(accusations(asked, judged, ATTACKS, LEVELS).assign(task=run.name))
            click.echo(f"{run.name} {asked.answers.method}: {len(asked.labels)} probes")
    for name, frames in tables.items():
        table = pd.concat(frames, ignore_index=True)
        write_csv(table[["task", *(column for column in table if column != "task")]].round(3), out / f"{name}.csv")


def _read(run: Path) -> Iterator[Asked]:
    for family, methods in FAMILIES.items():
        for answers in read_outputs(run / "outputs" / f"{family}.parquet"):
            if answers.method in methods:
                yield Asked(answers, "logits")


def _averages(asked: Asked, comparisons: dict[str, Comparing]) -> pd.DataFrame:
    """One row for each comparison and kind of references.

    auc: by the mean scores that the pipeline's tables use. auc_by_turn: the mean over turns of references, each with its
    own suspects.
    """
    models, rows = asked.answers.suspects, []
    for name, comparison in comparisons.items():
        everyone = [Round(np.zeros(0, int), suspects_of(models))]
        kinds = {kind: rounds(kind, models) for kind in KINDS} if comparison.needs_references else {NONE: everyone}
        for kind, chosen in kinds.items():
            if not chosen:
                continue
            scores = mean_scores(asked, comparison, chosen)
            whole = chosen if kind != "owner_other" else []
            turns = [average_auc(asked, own, ATTACKS) for own in asked.scores(comparison, whole)]
            rows.append(
                {
                    "method": asked.answers.method,
                    "comparison": name,
                    "references": kind,
                    "auc": average_auc(asked, scores, ATTACKS),
                    "auc_by_turn": np.mean(turns) if turns else np.nan,
                    **{attack: _transfer(models, scores, attack) for attack in TRANSFER},
                }
            )
    return pd.DataFrame(rows)


def _transfer(models: pd.DataFrame, scores: np.ndarray, attack: str) -> float:
    """AUC of an attack that trains on other classes, against its own irrelevant models; NaN without scores."""
    stolen, innocent = (scores[(models["attack"] == name) & np.isfinite(scores)] for name in (attack, TRANSFER_JUDGE))
    return auc(stolen, innocent) if len(stolen) and len(innocent) else float("nan")


if __name__ == "__main__":
    main()
