"""What a fingerprint costs its owner, made outside the DAG: seconds are no reproducible artifact."""

import tempfile
from pathlib import Path

import click

from pipeline.benchmark import Benchmark
from pipeline.data.images import load_images
from pipeline.errors import BadInput
from pipeline.files import write_text
from pipeline.params import read
from pipeline.probes import read_family
from pipeline.reports.text import markdown, rounded, write_csv
from pipeline.suspects import only_model
from pipeline.timing import CLAIMED, Defender, time_methods
from stages.paths import INPUT, OUTPUT

FAMILIES = ("augmented", "misclassified", "boundary", "conferrable", "decision_pairs")


@click.command()
@click.argument("task")
@click.argument("watermarked")
@click.option("--artifacts", type=INPUT, default=Path("artifacts"), show_default=True, help="Where the task's run lies.")
@click.option("--out", type=OUTPUT, default=Path("reports"), show_default=True, help="The folder of all reports.")
def costs(task: str, watermarked: str, artifacts: Path, out: Path) -> None:
    """Time every method's fingerprint on TASK (SAC-JC, Table 8), EWE with the watermark of the task WATERMARKED."""
    benchmark = read(f"benchmarks.{task}", Benchmark)
    if benchmark.verification:
        raise BadInput(f"{task}: costs are timed for classification, found face verification")
    watermark = read(f"benchmarks.{watermarked}", Benchmark).watermark
    if watermark is None:
        raise BadInput(f"params.yaml: benchmarks.{watermarked}.watermark: a watermark is needed to time EWE, found null")
    home = artifacts / task
    images = [load_images(home / f"{name}.safetensors") for name in
              ("defender/half", "defender/query", "defender/pool", "accuracy/half")]
    with tempfile.TemporaryDirectory() as folder:
        table = time_methods(Defender(benchmark, only_model(home / "source"), *images,
                                      {name: read_family(name) for name in FAMILIES}, Path(folder)), watermark)
    write_csv(table, out / task / "fingerprint_costs.csv")
    cae = table.set_index("method").loc["CAE"]
    said = (f"CAE takes {cae['over_SAC-JC']:,.0f} times as long as SAC-JC here; the paper's text says {CLAIMED:,}, its own "
            f"table {cae['paper_over_SAC-JC']:,.0f}.\n")
    write_text(out / task / "fingerprint_costs.md", "# What a fingerprint costs (SAC-JC, Table 8)\n\nSeconds of one thread "
               f"on one machine in one run, and the source's accuracy with the method.\n\n{markdown(rounded(table))}\n{said}")
    click.echo(said.strip())
