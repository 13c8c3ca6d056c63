"""How long a task must train until its models fit their training set, before any score is seen.

Trains a model of each architecture on another draw of the defender's half (the task's split under another seed), by each
recipe that is tried, and adds the rows to regimes/TASK.csv: accuracy on augmented views of its training images, on those
images as they are, on held-out images, and core-seconds. With --query the defender's half trains a source, and the
attacker's half students of its labels: their first two accuracies are on those labels, so they say how far a thief gets.

    python benchmarks/regime.py cifar10 --arch densenet_slim --epochs 20,30,40      # the slowest one first
    python benchmarks/regime.py cifar10 --epochs 30                                 # then all
    python benchmarks/regime.py cifar10 --images 12500 --augment crop_flip --query views
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import pandas as pd

from pipeline.core.executor import run_all
from pipeline.core.params import read
from pipeline.data import load
from pipeline.data.images import Images
from pipeline.data.split import deal
from pipeline.models import in_bf16
from pipeline.reports.text import write_csv
from pipeline.tasks.recipe import Recipe, RecipeChange, changed
from pipeline.tasks.task import Split, Task
from pipeline.zoo.make import core_clock

OTHER_SPLIT = 1000
HERE = Path(__file__).parent / "regimes"
TRIED = ("epochs", "batch", "rate", "augment", "weight_decay")


@dataclass(frozen=True)
class Try:
    """One training run of one recipe. teacher: the file of the source whose labels are learned, asked once or on views."""

    half: Images
    held_out: Images
    query: str | None = None
    teacher: Path | None = None
    keep: Path | None = None

    def __call__(self, job: tuple[str, Recipe]) -> dict[str, Any]:
        from pipeline.models.network import accuracy, load, predict, save
        from pipeline.training.fit import fit_new
        from pipeline.training.views import view_accuracy

        arch, recipe = job
        teacher, half = load(self.teacher) if self.teacher else None, self.half
        if teacher:
            half = replace(half, labels=predict(teacher, half.images).argmax(axis=1))
        clock = core_clock()
        began = clock()
        network = fit_new(arch, half, recipe, OTHER_SPLIT, teacher=teacher if self.query == "views" else None)
        seconds = round(clock() - began, 1)
        if self.keep:
            save(network, self.keep)
        return {
            "arch": arch,
            "query": self.query or "",
            "images": len(half),
            **{name: getattr(recipe, name) for name in TRIED},
            "precision": "bf16" if in_bf16(arch) else "fp32",
            "seconds": seconds,
            "view_accuracy": round(view_accuracy(network, half, recipe.augment, OTHER_SPLIT, teacher), 4),
            "train_accuracy": round(accuracy(network, half), 4),
            "held_out_accuracy": round(accuracy(network, self.held_out), 4),
        }


def numbers(text: str | None) -> list[float] | None:
    """`20,30` -> [20, 30]."""
    return [float(part) for part in text.split(",")] if text else None


def recipes(base: Recipe, tried: dict[str, list[Any] | None]) -> Iterator[Recipe]:
    """`base` with every combination of the values tried."""
    names = [name for name, values in tried.items() if values]
    for values in product(*(tried[name] or () for name in names)):
        yield changed(base, RecipeChange.model_validate(dict(zip(names, values, strict=True))))


def images_of(task: Task, images: int | None) -> dict[str, Images]:
    """The task's sets under another seed, with `images` in either half if that is given."""
    assert isinstance(task.split, Split), "people are dealt out otherwise"
    halves = {"defender": images, "attacker": images} if images else {}
    split = task.split.model_copy(update={"seed": task.split.seed + OTHER_SPLIT, **halves})
    return deal(*load(task.data), split)[0]


def students(task: Task, sets: dict[str, Images], jobs: list[tuple[str, Recipe]], query: str) -> Iterator[dict[str, Any]]:
    """Rows of a source by each recipe, then of its students by the same one."""
    with TemporaryDirectory() as folder:
        for place, recipe in enumerate(dict.fromkeys(recipe for _, recipe in jobs)):
            file = Path(folder) / f"{place}.safetensors"
            yield Try(sets["defender"], sets["accuracy"], keep=file)((task.source, recipe))
            mine = [job for job in jobs if job[1] == recipe]
            yield from run_all(Try(sets["attacker"], sets["accuracy"], query, file), mine, "trying students", here=True)


def add(rows: Iterable[dict[str, Any]], file: Path) -> None:
    """Print rows as they come, each added to `file` at once."""
    for row in rows:
        before = pd.read_csv(file) if file.exists() else pd.DataFrame()
        write_csv(pd.concat([before, pd.DataFrame([row])], ignore_index=True), file)
        click.echo("  ".join(f"{name} {value}" for name, value in row.items() if value != ""))


@click.command()
@click.argument("task")
@click.option("--arch", "archs", multiple=True, help="Repeat it; default: all of the task's.")
@click.option("--images", type=int, help="A half. Default: the task's.")
@click.option("--epochs", help="Several, with commas. Default: the task's, as for all that follow.")
@click.option("--batch", help="Several, with commas.")
@click.option("--rate", help="Several, with commas.")
@click.option("--weight-decay", help="Several, with commas.")
@click.option("--augment", type=click.Choice(["none", "crop", "crop_flip"]))
@click.option("--query", type=click.Choice(["once", "views"]), help="Try label extraction, too.")
def main(
    task: str,
    archs: tuple[str, ...],
    images: int | None,
    epochs: str | None,
    batch: str | None,
    rate: str | None,
    weight_decay: str | None,
    augment: str | None,
    query: str | None,
) -> None:
    """Try recipes on TASK, print what came out and add it to regimes/TASK.csv."""
    own = read(f"task.{task}", Task)
    sets = images_of(own, images)
    tried = {
        "epochs": numbers(epochs),
        "batch": numbers(batch),
        "rate": numbers(rate),
        "weight_decay": numbers(weight_decay),
        "augment": [augment] if augment else None,
    }
    jobs = list(product(archs or own.archs, recipes(own.recipe, tried)))
    rows = (
        students(own, sets, jobs, query)
        if query
        else run_all(Try(sets["defender"], sets["accuracy"]), jobs, "trying recipes", here=True)
    )
    add(rows, HERE / f"{task}.csv")


if __name__ == "__main__":
    main()
