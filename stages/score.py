"""Stage `score`: how likely each suspect is a copy, by every fingerprint."""

from pathlib import Path

import click

from pipeline.core.params import read
from pipeline.core.seal import Origin, agreed, verify
from pipeline.fingerprints.files import Score, score_files, write_scored
from pipeline.fingerprints.naming import Fingerprint, read_comparisons
from pipeline.fingerprints.redraws import Redraws
from pipeline.tasks.task import Count
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("task")
@click.option("--outputs", type=INPUT, required=True, multiple=True, help="Parquet file of answers; repeat it.")
@click.option("--out", type=OUTPUT, required=True, help="Parquet file of the scores.")
@click.option("--redraws", type=OUTPUT, required=True, help="Parquet file of the suspects' ranks on redraws of the probes.")
def score(task: str, outputs: tuple[Path, ...], out: Path, redraws: Path) -> None:
    """Score every suspect of TASK by every fingerprint and number of probes, and again on redraws of the probes."""
    scored_by = Score(
        task,
        read_comparisons(),
        read("counts", tuple[Count, ...]),
        read("redraws", Redraws),
        tuple(read("table", dict[str, Fingerprint]).values()),
    )
    write_scored(score_files(scored_by, outputs), task, _origin(task, outputs), out, redraws)


def _origin(task: str, outputs: tuple[Path, ...]) -> Origin:
    """What scores are made from, once all answers are of one source of the task and each of the family that its name says."""
    seals = {path: verify(path, task=task, family=path.stem) for path in outputs}
    probes = {f"probes/{path.stem}": found.of.get("probes", "") for path, found in seals.items()}
    models = [name for name in seals[outputs[0]].of if name.startswith("zoo/")]
    return {"task": task, **{name: agreed(seals, name) for name in ("source", *models)}, **probes}
