"""How long a task must train until its models fit their training set, before any score is seen.

Trains a model of each architecture on another draw of the defender's half (the task's split under another seed), by each
recipe that is tried, and adds the rows to regimes/TASK.csv: training accuracy, accuracy on held-out images, core-seconds.

    python benchmarks/regime.py cifar10 --arch densenet_slim --epochs 20,30,40      # the slowest one first
    python benchmarks/regime.py cifar10 --epochs 30                                 # then all
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import click
import pandas as pd

from pipeline.benchmark import Benchmark
from pipeline.data import load
from pipeline.data.images import Images
from pipeline.data.split import deal
from pipeline.executor import run_all
from pipeline.params import read
from pipeline.reports.text import write_csv
from pipeline.training.recipe import Recipe
from pipeline.zoo import core_clock

OTHER_SPLIT = 1000
HERE = Path(__file__).parent / "regimes"


@dataclass(frozen=True)
class Try:
    """One training run of one recipe."""

    half: Images
    held_out: Images

    def __call__(self, job: tuple[str, Recipe]) -> dict:
        from pipeline.models.network import accuracy
        from pipeline.training.fit import fit_new

        arch, recipe = job
        clock = core_clock()
        began = clock()
        network = fit_new(arch, self.half, recipe, OTHER_SPLIT)
        return {"arch": arch, "epochs": recipe.epochs, "batch": recipe.batch, "rate": recipe.rate, "augment": recipe.augment,
                "weight_decay": recipe.weight_decay, "seconds": round(clock() - began, 1),
                "train_accuracy": round(accuracy(network, self.half), 4),
                "held_out_accuracy": round(accuracy(network, self.held_out), 4)}


def numbers(text: str) -> list[float]:
    """`20,30` -> [20, 30]."""
    return [float(part) for part in text.split(",")]


@click.command()
@click.argument("task")
@click.option("--arch", "archs", multiple=True, help="Repeat it; default: all of the task's.")
@click.option("--epochs", type=numbers, help="Default: the task's.")
@click.option("--rate", "rates", type=numbers, help="Default: the task's.")
def main(task, archs, epochs, rates):
    """Try recipes on TASK and print what came out."""
    benchmark = read(f"benchmarks.{task}", Benchmark)
    split = benchmark.split.model_copy(update={"seed": benchmark.split.seed + OTHER_SPLIT})
    sets, _ = deal(*load(benchmark.data), split)
    base = benchmark.recipe
    jobs = [(arch, base.model_copy(update={"epochs": epoch, "rate": rate})) for arch, epoch, rate in
            product(archs or benchmark.archs, epochs or [base.epochs], rates or [base.rate])]
    rows = list(run_all(Try(sets["defender"], sets["accuracy"]), jobs, "trying recipes"))
    file = HERE / f"{task}.csv"
    before = pd.read_csv(file) if file.exists() else pd.DataFrame()
    write_csv(pd.concat([before, pd.DataFrame(rows)], ignore_index=True), file)
    click.echo(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
