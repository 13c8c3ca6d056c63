"""What was left to choose about partial correlations, tried on the answers of one finished run.

Representation, centring over the probes, ridge, and the number of references, for pairwise and point-wise comparison;
and for label likelihood the chance that a copy repeats the source. Writes choices.csv under benchmarks/references/: the
average AUC over the attacks, the mean and the least over methods of probes.

    python benchmarks/choices.py artifacts/fashion_mini
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import click
import numpy as np
import pandas as pd

from pipeline.fingerprints.correlation import unit
from pipeline.fingerprints.label_likelihood import Comparison as LabelLikelihood
from pipeline.fingerprints.references import INNOCENTS, OWNER, Kind, Round, drawn, rounds
from pipeline.fingerprints.scoring import Asked
from pipeline.outputs.table import read_outputs
from pipeline.reports.references import average_auc
from pipeline.reports.text import write_csv

HERE = Path(__file__).parent / "references"
ATTACKS = ("finetune_all", "finetune_last", "prune", "extract_label", "extract_prob", "extract_adv")
FAMILIES = {"augmented": ("clean", "cutmix", "jpeg"), "misclassified": ("source_wrong", "wrong")}
RIDGES = (0.0, 0.01, 0.1, 1.0)
NUMBERS = (1, 2, 4, 8, 12, 16)


@dataclass(frozen=True)
class Variant:
    """One way to make entries of answers. pairwise: cosines of pairs of probes, else the answers themselves."""

    pairwise: bool
    centred: bool

    def entries(self, answers: np.ndarray) -> np.ndarray:
        """The entries (N,) of answers (P, K), less their mean."""
        units = unit(answers - answers.mean(axis=0) if self.centred else answers)
        made = (units @ units.T)[np.triu_indices(len(units), 1)] if self.pairwise else units.ravel()
        less: np.ndarray = made - made.mean()
        return less

    def table(self, asked: Asked) -> np.ndarray:
        """The entries (1 + M, N) of the source and of all models with its classes."""
        return np.stack([self.entries(own) for own in (asked.source, *_same(asked)[1])])


def explained_less(entries: np.ndarray, references: np.ndarray, ridge: float) -> np.ndarray:
    """Entries (M, N) less what ridge regression on references (R, N) explains; `ridge` is in shares of their mean square."""
    gram = references @ references.T
    gram += ridge * np.trace(gram) / len(gram) * np.eye(len(gram))
    left: np.ndarray = entries - np.linalg.lstsq(gram, references @ entries.T, rcond=1e-10)[0].T @ references
    return left


def scored(asked: Asked, table: np.ndarray, chosen: Round, ridge: float) -> np.ndarray:
    """The scores of a round's suspects with the source's classes, from their entries; NaN for all others."""
    scores, places = np.full(len(asked.answers.suspects), np.nan), _same(asked)[0]
    left = explained_less(table, table[1:][np.isin(places, chosen.references)], ridge)
    correlations = unit(left)[1:] @ unit(left)[0]
    judged = np.isin(places, chosen.suspects)
    scores[places[judged]] = correlations[judged]
    return scores


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", default=HERE, type=click.Path(path_type=Path), show_default=True, help="Folder of the table.")
def main(run: Path, out: Path) -> None:
    """Write the table over one RUN, a folder that holds outputs/."""
    made = [row for answers in _read(run) for part in (_variants, _numbers, _copied) for row in part(answers)]
    frame = pd.DataFrame(made)
    keys = ["question", "comparison", "references", "representation", "centred", "ridge", "number", "copied"]
    table = frame.groupby(keys, dropna=False, sort=False)[["auc", "gap"]].agg(["mean", "min"])
    table.columns = [f"{name}_{value}" for name, value in table.columns]
    write_csv(table.reset_index().round(3), out / "choices.csv")
    click.echo(table.round(3).to_string())


def _read(run: Path) -> Iterator[dict[str, Asked]]:
    for family, methods in FAMILIES.items():
        for answers in read_outputs(run / "outputs" / f"{family}.parquet"):
            if answers.method in methods:
                yield {representation: Asked(answers, representation) for representation in ("logits", "softmax")}


def _row(asked: Asked, scores: list[np.ndarray], **about: object) -> dict[str, object]:
    """gap: between the means of extracted and of irrelevant models, in standard deviations of the latter."""
    blank = {"representation": "logits", "centred": True, "ridge": 0.0, "number": np.nan, "copied": np.nan}
    attacks = asked.answers.suspects["attack"].to_numpy(str)
    gaps = []
    for own in scores:
        innocent, extracted = (own[np.isin(attacks, names) & np.isfinite(own)] for names in (["irrelevant"], ATTACKS[3:]))
        gaps.append((extracted.mean() - innocent.mean()) / innocent.std() if len(innocent) > 1 else np.nan)
    return blank | about | {"auc": np.mean([average_auc(asked, own, ATTACKS) for own in scores]), "gap": np.nanmean(gaps)}


def _variants(answers: dict[str, Asked]) -> Iterator[dict[str, object]]:
    for pairwise, representation, centred in product((True, False), ("logits", "softmax"), (True, False)):
        asked = answers[representation]
        table = Variant(pairwise, centred).table(asked)
        for kind, ridge in product((INNOCENTS, OWNER), RIDGES):
            found = [scored(asked, table, one, ridge) for one in _four(kind, asked)]
            yield _row(
                asked,
                found,
                question="form",
                comparison=_name(pairwise),
                references=kind,
                representation=representation,
                centred=centred,
                ridge=ridge,
                number=4,
            )


def _numbers(answers: dict[str, Asked]) -> Iterator[dict[str, object]]:
    asked = answers["logits"]
    tables = {pairwise: Variant(pairwise, True).table(asked) for pairwise in (True, False)}
    for pairwise, kind, number in product(tables, (INNOCENTS, OWNER), NUMBERS):
        chosen = drawn(kind, asked.answers.suspects, number, draws=10)
        if chosen:
            found = [scored(asked, tables[pairwise], one, 0.0) for one in chosen]
            yield _row(asked, found, question="number", comparison=_name(pairwise), references=kind, number=number)


def _copied(answers: dict[str, Asked]) -> Iterator[dict[str, object]]:
    asked = answers["logits"]
    for copied, kind in product((0.1, 0.3, 0.5, 0.7, 0.9), (INNOCENTS, OWNER)):
        found = list(asked.scores(LabelLikelihood(copied=copied), _four(kind, asked)))
        yield _row(asked, found, question="copied", comparison="label_likelihood", references=kind, copied=copied, number=4)


def _same(asked: Asked) -> tuple[np.ndarray, np.ndarray]:
    """The places and the answers (S, P, K) of models with the source's classes."""
    return next((places, stack) for places, stack, same in asked.groups if same)


def _four(kind: Kind, asked: Asked) -> list[Round]:
    """Every turn of innocents; of the owner's as many choices of one of each architecture."""
    models = asked.answers.suspects
    return rounds(kind, models) if kind == INNOCENTS else drawn(kind, models, 4, draws=10)


def _name(pairwise: bool) -> str:
    return "partial" if pairwise else "partial_pointwise"


if __name__ == "__main__":
    main()
