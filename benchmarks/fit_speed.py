"""Core-seconds to a model of the papers' regime: this project's `fit` against the authors' way, on the same network.

Ours: CIFAR-10, crop and flip, one cycle, bf16 where the processor has it. The authors' way: a DataLoader that makes each
view from a picture by torchvision's transforms, NCHW, single precision, SGD with an unfused step, batch 512, rate 0.05
falling by a cosine over 200 epochs (their scripts step it once a batch, which is left out). A whole such run would take
hours: its seconds are those of a few batches times its epochs. Their 200 epochs are theirs, not what it takes to be as
good; so two short runs of their recipe (by `fit`, which computes the same) give accuracies, and the epochs to ours,
within a point, are extrapolated on a line over the epochs' logarithm.

    python benchmarks/fit_speed.py                        # the compact networks: half an hour of one core
    python benchmarks/fit_speed.py --quick                # only what an image costs: a minute a network
    python benchmarks/fit_speed.py vgg_compact            # any architecture

Writes fit_speed.csv, adding to the other architectures' rows, and fit_speed.md. Seconds are core-seconds
(time.process_time); the share of the peak compares with a matrix product in the same precision.
"""

import os
import time
from collections.abc import Callable
from math import log2
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

from pipeline.core.executor import run_all
from pipeline.data import load
from pipeline.data.images import Images
from pipeline.models import architectures, in_bf16
from pipeline.models.network import accuracy, build
from pipeline.reports import markdown
from pipeline.reports.text import write_csv
from pipeline.tasks.recipe import Recipe
from pipeline.training.fit import fit
from pipeline.training.views import view_accuracy

HERE = Path(__file__).parent
OURS = Recipe(epochs=12, batch=128, rate=0.2, weight_decay=5e-4, augment="crop_flip")
THEIRS = Recipe(epochs=200, batch=512, rate=0.05, schedule="cosine", weight_decay=5e-4, augment="crop_flip")
SHORT = (8, 16)
WITHIN = 0.01
PROCESSES = (1, 2)


class Pictures(Dataset[tuple[Tensor, int]]):
    """The authors' data: each picture becomes a view when it is asked for."""

    def __init__(self, data: Images):
        from torchvision import transforms

        size = data.images.shape[-1]
        self.pictures = [Image.fromarray(pixels.transpose(1, 2, 0)) for pixels in data.images]
        self.labels = data.labels.tolist()
        self.view = transforms.Compose(
            [
                transforms.RandomCrop(size, padding=size // 8),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(data.mean, data.std),
            ]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        return self.view(self.pictures[place]), self.labels[place]


def seconds_of_authors(arch: str, data: Images, batches: int) -> float:
    """Core-seconds an image of the authors' loop."""
    network = build(arch, data, seed=0).to(memory_format=torch.contiguous_format).train()
    loader = DataLoader(Pictures(data), THEIRS.batch, shuffle=True)
    optimiser = torch.optim.SGD(
        network.parameters(), THEIRS.rate, THEIRS.momentum, weight_decay=THEIRS.weight_decay, foreach=False
    )
    began = time.process_time()
    for step, (images, labels) in enumerate(loader, 1):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(network.head(network.features(images)), labels)
        loss.backward()
        optimiser.step()
        if step == batches:
            break
    return (time.process_time() - began) / (batches * THEIRS.batch)


def trained(arch: str, data: Images, held_out: Images, recipe: Recipe) -> tuple[float, float, float]:
    """Core-seconds of `fit`, accuracy on views of its images, on held-out images."""
    began = time.process_time()
    network = fit(build(arch, data, seed=0), data, recipe, seed=0)
    seconds = time.process_time() - began
    return seconds, view_accuracy(network, data, recipe.augment, 0), accuracy(network, held_out)


def epochs_to(goals: tuple[float, float], short: tuple[tuple[float, float], tuple[float, float]]) -> float:
    """Epochs of the authors' recipe until both accuracies are within a point of `goals`, on a line over log2(epochs)
    through the two short runs; at least the longer one's if that is not yet there. NaN if they do not rise."""
    runs = [tuple(zip(SHORT, accuracies, strict=True)) for accuracies in zip(*short, strict=True)]
    return float(np.max([epochs_at(goal - WITHIN, first, second) for goal, (first, second) in zip(goals, runs, strict=True)]))


def epochs_at(goal: float, first: tuple[float, float], second: tuple[float, float]) -> float:
    """Epochs to an accuracy on a line over their logarithm through two runs, each its epochs and its accuracy. NaN if the
    line does not rise."""
    slope = (second[1] - first[1]) / log2(second[0] / first[0])
    return second[0] * 2 ** ((goal - second[1]) / slope) if slope > 0 else np.nan


def peak(low: bool) -> float:
    """FLOP a core-second of a matrix product of 1024 x 1024, the best of ten."""
    one, other = (torch.randn(1024, 1024).to(torch.bfloat16 if low else torch.float32) for _ in range(2))
    spent = []
    for _ in range(10):
        began = time.process_time()
        one @ other
        spent.append(time.process_time() - began)
    return 2 * 1024**3 / min(spent)


def step_flops(arch: str, data: Images) -> float:
    """FLOP an image of one training step: three times the forward pass, for what torch counts of a gradient knows no groups."""
    network, few = build(arch, data, seed=0).train(), torch.from_numpy(data.images[:8])
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(few)
    return 3 * float(counter.get_total_flops() / len(few))


class Epoch:
    """One epoch of `arch` over a few images: what the processes of a zoo do side by side."""

    def __init__(self, arch: str, data: Images):
        self.arch, self.data = arch, data

    def __call__(self, seed: int) -> float:
        once, few = OURS.model_copy(update={"epochs": 1}), self.data.take(np.arange(2 * OURS.batch))
        fit(build(self.arch, self.data, seed), few, once, seed)  # a new process is slow at first
        began = time.time()
        fit(build(self.arch, self.data, seed), self.data, once, seed)
        return time.time() - began


def throughput(arch: str, data: Images, processes: int) -> float:
    """Images a second by the clock of `processes` trainings at once, without what it takes to start them."""
    return float(processes * len(data) / max(run_all(Epoch(arch, data), range(processes), "throughput", here=True)))


def seconds_of_ours(arch: str, data: Images) -> float:
    """Core-seconds an image of `fit`, the best of three epochs."""
    network, once = build(arch, data, seed=0), OURS.model_copy(update={"epochs": 1})
    spent = []
    for seed in range(3):
        began = time.process_time()
        fit(network, data, once, seed)
        spent.append((time.process_time() - began) / len(data))
    return min(spent)


def in_single_precision(function: Callable[[], float]) -> float:
    """What `function` gives while bf16 is switched off."""
    before = os.environ.get("SAC_BF16")
    os.environ["SAC_BF16"] = "0"
    try:
        return function()
    finally:
        os.environ.pop("SAC_BF16")
        if before is not None:
            os.environ["SAC_BF16"] = before


def an_image(arch: str, data: Images) -> dict[str, Any]:
    """What one image costs, ours and in the authors' loop."""
    few = data.take(np.arange(min(1536, len(data))))
    ours, single = seconds_of_ours(arch, few), in_single_precision(lambda: seconds_of_ours(arch, few))
    authors, flops = seconds_of_authors(arch, few, 3), step_flops(arch, data)
    return {
        "precision": "bf16" if in_bf16(arch) else "fp32",
        "mflop": flops / 1e6,
        "ours": 1 / ours,
        "single": 1 / single,
        "authors": 1 / authors,
        "ratio_an_image": authors / ours,
        "share_of_peak": flops / ours / peak(in_bf16(arch)),
        **{f"processes_{count}": throughput(arch, few, count) for count in PROCESSES},
    }


def a_model(arch: str, data: Images, held_out: Images, authors: float) -> dict[str, Any]:
    """What a model costs that is as good. authors: images a second of their loop."""
    seconds, views, held = trained(arch, data, held_out, OURS)
    short = [trained(arch, data, held_out, THEIRS.model_copy(update={"epochs": epochs}))[1:] for epochs in SHORT]
    epochs = epochs_to((views, held), (short[0], short[1]))
    return {
        "images": len(data),
        "epochs": OURS.epochs,
        "seconds": seconds,
        "view_accuracy": views,
        "held_out_accuracy": held,
        **{
            f"authors_{name}_{run}": value
            for run, accuracies in zip(SHORT, short, strict=True)
            for name, value in zip(("view", "held_out"), accuracies, strict=True)
        },
        "authors_epochs": epochs,
        "authors_seconds": epochs * len(data) / authors,
        "ratio": epochs * len(data) / authors / seconds,
        "ratio_200_epochs": THEIRS.epochs * len(data) / authors / seconds,
    }


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """What fit_speed.md shows."""
    shown = {
        "arch": ("architecture", "{}"),
        "precision": ("precision", "{}"),
        "mflop": ("MFLOP an image", "{:.0f}"),
        "ours": ("images a core-second", "{:.0f}"),
        "single": ("in single precision", "{:.0f}"),
        "authors": ("the authors' loop", "{:.0f}"),
        "ratio_an_image": ("ratio", "{:.1f}"),
        "share_of_peak": ("share of the peak", "{:.2f}"),
        "processes_1": ("images a second, 1 process", "{:.0f}"),
        "processes_2": ("2 processes", "{:.0f}"),
        "view_accuracy": ("accuracy on views", "{:.3f}"),
        "held_out_accuracy": ("held out", "{:.3f}"),
        "seconds": ("core-seconds", "{:.0f}"),
        "authors_epochs": ("the authors' epochs to the same, extrapolated", "{:.0f}"),
        "authors_seconds": ("their core-seconds", "{:.0f}"),
        "ratio": ("ratio to the same", "{:.1f}"),
        "ratio_200_epochs": ("ratio to their 200 epochs", "{:.0f}"),
    }
    return pd.DataFrame(
        {
            title: ["–" if pd.isna(value) else form.format(value) for value in rows[name]]
            for name, (title, form) in shown.items()
            if name in rows
        }
    )


@click.command()
@click.argument("archs", nargs=-1)
@click.option("--images", default=5000, show_default=True)
@click.option("--quick", is_flag=True, help="Only what an image costs: a minute an architecture.")
def main(archs: tuple[str, ...], images: int, quick: bool) -> None:
    """Measure ARCHS and add their rows to the tables."""
    torch.set_num_threads(1)
    train, test = load("cifar10")
    data = train.take(np.random.default_rng(0).permutation(len(train))[:images])
    file = HERE / "fit_speed.csv"
    for arch in archs or [name for name in architectures() if name.endswith("_compact")]:
        row = {"arch": arch, **an_image(arch, data)}
        if not quick:
            row |= a_model(arch, data, test, row["authors"])
        before = pd.read_csv(file) if file.exists() else pd.DataFrame({"arch": []})
        rows = pd.concat([before[before["arch"] != arch], pd.DataFrame([row])], ignore_index=True).sort_values("arch")
        write_csv(rows, file)
        (HERE / "fit_speed.md").write_text(markdown.table(table(rows)))
        click.echo(pd.Series(row).to_string())


if __name__ == "__main__":
    main()
