"""Stage `references`: what hangs on the reference models: AUC by their number, and whether p-values hold."""

from pathlib import Path

import click
import pandas as pd

from pipeline.core.seal import agreed, verify, write_sealed
from pipeline.fingerprints.naming import read_comparisons
from pipeline.fingerprints.scoring import Asked
from pipeline.outputs.table import read_outputs
from pipeline.reports.references import accusations, reference_curve
from pipeline.reports.tables import AVERAGED
from stages.paths import INPUT, OUTPUT

METHODS = ("jpeg", "cutmix", "wrong")
"""The probes of SAC-JC, SAC-m and SAC-w."""


@click.command()
@click.argument("task")
@click.option("--outputs", type=INPUT, required=True, multiple=True, help="Parquet file of answers; repeat it.")
@click.option("--out", type=OUTPUT, required=True, help="JSON file of the two tables.")
def references(task: str, outputs: tuple[Path, ...], out: Path) -> None:
    """Judge the comparisons of TASK that are told reference models' answers, by more and fewer of these models."""
    comparisons = {name: one for name, one in read_comparisons().items() if one.needs_references}
    of = {"task": task, "source": agreed({path: verify(path, task=task, family=path.stem) for path in outputs}, "source")}
    asked = [Asked(answers, "logits") for path in outputs for answers in read_outputs(path) if answers.method in METHODS]
    tables = {
        name: [make(one, comparisons, _averaged(one)) for one in asked]
        for name, make in (("curve", reference_curve), ("accusations", accusations))
    }
    write_sealed(out, {name: _records(frames) for name, frames in tables.items()}, of)


def _averaged(asked: Asked) -> list[str]:
    """The attacks of this task over which the papers average."""
    return [attack for attack in AVERAGED if attack in set(asked.answers.suspects["attack"])]


def _records(frames: list[pd.DataFrame]) -> list[dict[str, object]]:
    """The rows of all frames, floats to nine digits: more differ between machines."""
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    return [
        {str(name): round(value, 9) if isinstance(value, float) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
