"""Stage `score`: how likely each suspect is a copy, by every fingerprint."""

from pathlib import Path

import click
import pandas as pd

from pipeline.benchmark import Count
from pipeline.files import replacing
from pipeline.fingerprints.naming import read_comparisons
from pipeline.fingerprints.scoring import score_frame
from pipeline.outputs import read_outputs
from pipeline.params import read
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("task")
@click.option("--outputs", type=INPUT, required=True, multiple=True, help="Parquet file of answers; repeat it.")
@click.option("--out", type=OUTPUT, required=True, help="Parquet file of the scores.")
def score(task: str, outputs: tuple[Path, ...], out: Path) -> None:
    """Score every suspect of TASK by every fingerprint and number of probes."""
    comparisons, counts = read_comparisons(), read("counts", tuple[Count, ...])
    frames = [score_frame(task, answers, comparisons, counts) for path in outputs for answers in read_outputs(path)]
    with replacing(out) as scratch:
        pd.concat(frames, ignore_index=True).to_parquet(scratch, index=False, compression="zstd", compression_level=19)
