"""What a Ray cluster costs: the same thefts by local processes and by one and two Ray nodes on this machine, a node that is
killed in the middle, and the bytes that a job sends.

    python -m benchmarks.cluster             # ten to twenty minutes on two idle cores
    python -m benchmarks.cluster --jobs 4    # a quick look

Each node has one core and a folder of its own, as if it were another machine. Efficiency is the seconds that local processes
take over those of as many nodes, start-up of workers in both. Writes CLUSTER.csv and CLUSTER.md.
"""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import cloudpickle
import pandas as pd
import pytest

from pipeline.attacks import read_attack
from pipeline.core.executor import run_all
from pipeline.data import load
from pipeline.data.split import deal
from pipeline.models.network import save
from pipeline.reports import markdown
from pipeline.reports.text import write_csv
from pipeline.tasks.recipe import Recipe
from pipeline.tasks.task import task_part
from pipeline.training.fit import fit_new
from pipeline.zoo.make import Finished, Make, Order
from pipeline.zoo.plan import Material, plan
from tests.ray_nodes import ray_nodes

HERE = Path(__file__).parent
TASK, ARCH = "fashion_mini", "vgg_slim"
RECIPE = Recipe(epochs=20, batch=128, rate=0.1)
TEXT = (
    "`python -m benchmarks.cluster`: {jobs} label extractions of the embedded task ({arch}, {epochs} epochs), in seconds by "
    "the clock, start-up of workers included. A job sends {sent:,} bytes, a node fetches {once:,} once (images, source), and a "
    "job brings {back:,} back. When one of two nodes is killed after the first result, the run ends {late:.1f} s later than "
    "undisturbed. The bytes of all models are those of the local runs: {same}.\n"
)


def thefts(jobs: int) -> tuple[Make, list[Order]]:
    """The function that workers run, and its jobs: students of one source by their seeds."""
    sets = deal(*load(task_part(TASK, "data")), task_part(TASK, "split"))[0]
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        save(fit_new(ARCH, sets["defender"], RECIPE, 0), Path(file.name))
        source = Path(file.name).read_bytes()
    material = Material(sets["attacker"], sets["accuracy"], source, ARCH, None)
    found = plan("extract_label", read_attack("extract_label"), [ARCH], jobs, RECIPE, material)
    return Make(material), [Order(job, None, None) for job in found]


@contextmanager
def local(workers: int) -> Iterator[None]:
    """Processes on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAC_ENGINE", "loky")
        patch.setenv("SAC_JOBS", str(workers))
        yield


def timed(work: Make, orders: list[Order], victim: int = 0) -> tuple[float, list[Finished]]:
    """Seconds by the clock of all orders, and what came of them. victim: the process group to kill after the first."""
    began, found = time.perf_counter(), []
    for finished in run_all(work, orders, "thefts"):
        if victim and not found:
            os.killpg(victim, signal.SIGKILL)
        found.append(finished)
    return time.perf_counter() - began, found


def bytes_of(results: list[Finished]) -> dict[str, dict[str, bytes]]:
    """The files of every result by its key."""
    return {finished.job.key: finished.files for finished in results}


@click.command()
@click.option("--jobs", default=24, show_default=True, help="How many thefts.")
def main(jobs: int) -> None:
    """Measure, and write the table."""
    work, orders = thefts(jobs)
    seconds, rows, same, late = {}, [], True, 0.0
    for workers in (1, 2):
        with local(workers):
            seconds["local", workers], results = timed(work, orders)
        first = bytes_of(results)
        with ray_nodes(workers) as cluster:
            seconds["ray", workers], results = timed(work, orders)
            same = same and bytes_of(results) == first
            if workers == 2:
                disturbed, results = timed(work, orders, cluster.victim)
                same = same and bytes_of(results) == first
                late = disturbed - seconds["ray", workers]
        rows.append(
            {
                "workers": workers,
                "local": round(seconds["local", workers], 1),
                "ray": round(seconds["ray", workers], 1),
                "efficiency": round(seconds["local", workers] / seconds["ray", workers], 3),
            }
        )
        click.echo(rows[-1])
    table = pd.DataFrame(rows)
    write_csv(table, HERE / "CLUSTER.csv")
    said = TEXT.format(
        jobs=jobs,
        arch=ARCH,
        epochs=RECIPE.epochs,
        sent=len(cloudpickle.dumps(orders[0])),
        once=len(cloudpickle.dumps(work)),
        back=len(cloudpickle.dumps(results[0])),
        late=late,
        same="yes" if same else "no",
    )
    (HERE / "CLUSTER.md").write_text(f"{said}\n{markdown.table(table.astype(str))}")
    click.echo(said)


if __name__ == "__main__":
    main()
