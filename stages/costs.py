"""What a fingerprint costs its owner, made outside the DAG: seconds are no reproducible artifact."""

import tempfile
from pathlib import Path

import click

from pipeline.core.errors import BadInput
from pipeline.core.files import write_text
from pipeline.core.params import read
from pipeline.data.images import load_set
from pipeline.defender.costs import CLAIMED, Defender, time_methods
from pipeline.probes import read_family
from pipeline.reports import markdown
from pipeline.reports.text import rounded, write_csv
from pipeline.tasks.task import Task
from pipeline.zoo.suspects import only_model
from stages.paths import INPUT, OUTPUT

FAMILIES = ("augmented", "misclassified", "boundary", "conferrable", "decision_pairs")


@click.command()
@click.argument("task")
@click.argument("watermarked")
@click.option("--artifacts", type=INPUT, default=Path("artifacts"), show_default=True, help="Where the task's run lies.")
@click.option("--out", type=OUTPUT, default=Path("reports"), show_default=True, help="The folder of all reports.")
def costs(task: str, watermarked: str, artifacts: Path, out: Path) -> None:
    """Time every fingerprint on TASK (SAC-JC, Table 8), EWE with the watermark of the task WATERMARKED."""
    own = read(f"task.{task}", Task)
    if own.verification:
        raise BadInput(f"{task}: costs are timed for classification, found face verification")
    watermark = read(f"task.{watermarked}", Task).watermark
    if watermark is None:
        raise BadInput(f"params.yaml: task.{watermarked}.watermark: a watermark is needed to time EWE, found null")
    home = artifacts / task
    half, query, pool, accuracy = (
        load_set(home / f"{name}.safetensors", task)
        for name in ("defender/task", "defender/query", "defender/pool", "accuracy/task")
    )
    with tempfile.TemporaryDirectory() as folder:
        table = time_methods(
            Defender(
                own,
                only_model(home / "source", task=task),
                half,
                query,
                pool,
                accuracy,
                {name: read_family(name, task) for name in FAMILIES},
                Path(folder),
            ),
            watermark,
        )
    write_csv(table, out / task / "fingerprint_costs.csv")
    cae = table.set_index("fingerprint").loc["CAE"]
    said = (
        f"CAE takes {cae['over_SAC-JC']:,.0f} times as long as SAC-JC here; the paper's text says {CLAIMED:,}, its own "
        f"table {cae['paper_over_SAC-JC']:,.0f}.\n"
    )
    write_text(
        out / task / "fingerprint_costs.md",
        "# What a fingerprint costs (SAC-JC, Table 8)\n\nSeconds of one thread "
        f"on one machine in one run, and the source's accuracy with the method.\n\n"
        f"{markdown.table(rounded(table))}\n{said}",
    )
    click.echo(said.strip())
