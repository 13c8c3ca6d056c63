"""Whether what speed-runs found makes a network of the papers' regime in fewer steps: epochs to the same accuracy.

CIFAR-10, crop and flip, one cycle: the recipe as it is at two lengths, and with one trick at a time at the shorter one. The
first three are airbench's (Jordan, 2024, "94 % on CIFAR-10 in 3.29 seconds on a single GPU").

    python -m benchmarks.fewer_steps                      # vgg_slim and resnet_slim: an hour of one core
    python -m benchmarks.fewer_steps vgg_slim             # any architecture

Writes fewer_steps.csv, a row for each training, adding to the other architectures' rows, and fewer_steps.md: means over seeds,
and the epochs that the recipe as it is takes to the same accuracy, on a line over their logarithm through its two lengths, over
those of the trick. A trick pays where both ratios are above one and its core-seconds an epoch are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.fit_speed import epochs_at
from pipeline.core.executor import run_all
from pipeline.data import load
from pipeline.data.images import Images
from pipeline.models.network import Network, accuracy, build
from pipeline.reports import markdown
from pipeline.reports.text import write_csv
from pipeline.tasks.recipe import Recipe
from pipeline.training.augment import augment
from pipeline.training.views import view_accuracy
from pipeline.zoo.make import core_clock

HERE = Path(__file__).parent
RECIPE = Recipe(epochs=8, batch=128, rate=0.1, weight_decay=5e-4, augment="crop_flip")
LONGER = 16.0
PLAIN = "as it is"
WHITENED = "first layer whitened"
ALTERNATING = "flips alternate"
LOOKAHEAD = "lookahead"
DECOUPLED = "weight decay apart from the rate"
LATE = "batches twice as large in the second half"
TRICKS = (WHITENED, ALTERNATING, LOOKAHEAD, DECOUPLED, LATE)
EVERY, DECAY = 5, 0.95
"""Lookahead: how many steps apart, and the slow weights' decay a step, which grows with the third power of the progress."""


def train(arch: str, data: Images, recipe: Recipe, seed: int, trick: str = PLAIN) -> Network:
    """`fit_new` on labels with one trick; with none of them it makes the same network."""
    network = build(arch, data, seed).train()
    images, labels = torch.from_numpy(data.images), torch.from_numpy(data.labels)
    if trick == WHITENED:
        whiten(network, images[:1000])
    optimiser = torch.optim.SGD(
        network.parameters(), recipe.rate, recipe.momentum, nesterov=True, weight_decay=recipe.weight_decay, fused=True
    )
    draws = torch.Generator().manual_seed(seed)
    mirrored = torch.rand(len(images), generator=torch.Generator().manual_seed(seed)) < 0.5
    slow = {name: value.clone() for name, value in network.state_dict().items() if value.is_floating_point()}
    for step, (progress, epoch, index) in enumerate(batches(len(images), recipe, draws, late=trick == LATE), 1):
        group = optimiser.param_groups[0]
        group["lr"] = recipe.rate_at(progress)
        if trick == DECOUPLED and group["lr"]:
            group["weight_decay"] = recipe.weight_decay * recipe.rate / 2 / group["lr"]
        if trick == ALTERNATING:
            views = flipped(augment(images[index], "crop", draws), mirrored[index] ^ bool(epoch % 2))
        else:
            views = augment(images[index], recipe.augment, draws)
        loss = functional.cross_entropy(network(views).float(), labels[index])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if trick == LOOKAHEAD and step % EVERY == 0:
            look_ahead(network, slow, DECAY**EVERY * progress**3)
    if trick == LOOKAHEAD:
        look_ahead(network, slow, 1.0)
    return network.eval()


def batches(count: int, recipe: Recipe, draws: torch.Generator, late: bool) -> Iterator[tuple[float, int, Tensor]]:
    """(share of the epochs done, epoch, indices) of every whole batch. late: those of the second half are twice as large."""
    epochs = int(recipe.epochs)
    for epoch in range(epochs):
        order = torch.randperm(count, generator=draws)
        size = recipe.batch * (2 if late and epoch >= epochs / 2 else 1)
        each = count // size
        for turn in range(each):
            yield (epoch * each + turn) / (epochs * each), epoch, order[turn * size : (turn + 1) * size]


def whiten(network: Network, images: Tensor) -> None:
    """Give the first convolution the principal directions of its patches, each with its opposite, scaled to unit variance."""
    first = next(layer for layer in network.features.modules() if isinstance(layer, nn.Conv2d))
    pixels = (images / 255 - network.mean) / network.std
    patches = functional.unfold(pixels, first.kernel_size, stride=first.stride).transpose(1, 2).flatten(0, 1)  # type: ignore[arg-type]
    variances, directions = torch.linalg.eigh(patches.T @ patches / len(patches))
    found = (directions / (variances + 1e-2).sqrt()).T.flip(0)[: first.out_channels // 2]
    with torch.no_grad():
        first.weight[: 2 * len(found)] = torch.cat([found, -found]).view(-1, *first.weight.shape[1:])


def flipped(images: Tensor, mirrored: Tensor) -> Tensor:
    """Those of the images (N, C, H, W) that are `mirrored` (N,) mirrored."""
    return torch.where(mirrored.view(-1, 1, 1, 1), images.flip(-1), images)


def look_ahead(network: Network, slow: dict[str, Tensor], decay: float) -> None:
    """Move the slow weights towards the network's, of which `decay` stays, and the network onto them."""
    for name, value in network.state_dict().items():
        if name in slow:
            slow[name].lerp_(value, 1 - decay)
            value.copy_(slow[name])


@dataclass(frozen=True)
class Try:
    """One training, whose row says how good the network is and what it took."""

    data: Images
    held_out: Images

    def __call__(self, job: tuple[str, str, float, int]) -> dict[str, Any]:
        arch, trick, epochs, seed = job
        clock = core_clock()
        began = clock()
        network = train(arch, self.data, RECIPE.model_copy(update={"epochs": epochs}), seed, trick)
        seconds = clock() - began
        return {
            "arch": arch,
            "trick": trick,
            "epochs": epochs,
            "seed": seed,
            "seconds": round(seconds, 1),
            "view_accuracy": round(view_accuracy(network, self.data, RECIPE.augment, seed), 4),
            "held_out_accuracy": round(accuracy(network, self.held_out), 4),
        }


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds; for each accuracy the epochs of the recipe as it is to the same, over those it took."""
    names = ["view_accuracy", "held_out_accuracy"]
    means = rows.groupby(["arch", "trick", "epochs"], sort=False, as_index=False)[["seconds", *names]].mean()
    for name in names:
        plain = {arch: own[["epochs", name]].to_numpy() for arch, own in means[means["trick"] == PLAIN].groupby("arch")}
        means[f"ratio_{name}"] = [epochs_at(row[name], *plain[row["arch"]]) / row["epochs"] for _, row in means.iterrows()]
    return means


@click.command()
@click.argument("archs", nargs=-1)
@click.option("--images", default=12_500, show_default=True)
@click.option("--seeds", default=3, show_default=True)
def main(archs: tuple[str, ...], images: int, seeds: int) -> None:
    """Train ARCHS in every way and write the tables."""
    train_set, test = load("cifar10")
    data = train_set.take(np.random.default_rng(0).permutation(len(train_set))[:images])
    ways = [(PLAIN, RECIPE.epochs), (PLAIN, LONGER), *((trick, RECIPE.epochs) for trick in TRICKS)]
    jobs = [(arch, *way, seed) for arch, way, seed in product(archs or ("vgg_slim", "resnet_slim"), ways, range(seeds))]
    file = HERE / "fewer_steps.csv"
    rows = pd.read_csv(file) if file.exists() else pd.DataFrame({"arch": []})
    rows = rows[~rows["arch"].isin([arch for arch, *_ in jobs])]
    for row in run_all(Try(data, test), jobs, "trying tricks", here=True):
        rows = pd.concat([rows, pd.DataFrame([row])], ignore_index=True)
        write_csv(rows, file)
    (HERE / "fewer_steps.md").write_text(markdown.table(table(rows).round(3)))


if __name__ == "__main__":
    main()
