"""Small models that tests enroll and suspect: linear maps of pixels, of which copies are a source with a little noise."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.cases import owner
from pipeline.data.images import Images, from_arrays

CLASSES = 5
SIDE = 12


@dataclass(frozen=True)
class Linear:
    """Logits (N, classes) of images (N, 1, 12, 12): what all such models have in common, and weights of its own."""

    seed: int
    own: float = 1.0
    like: int | None = None
    classes: int = CLASSES

    def __call__(self, images: np.ndarray) -> np.ndarray:
        pixels = images.reshape(len(images), -1) / 255 - 0.5
        common = np.random.default_rng(999).normal(size=(SIDE * SIDE, self.classes))
        source = 0 if self.like is None else np.random.default_rng(self.like).normal(size=(SIDE * SIDE, self.classes))
        own = np.random.default_rng(self.seed).normal(size=(SIDE * SIDE, self.classes))
        return (pixels @ (common + source + self.own * own)).astype(np.float32)


SOURCE = Linear(1, own=0, like=1)
INNOCENT = Linear(50)
COPY = Linear(60, own=0.4, like=1)


def references(count: int) -> tuple[Linear, ...]:
    return tuple(Linear(100 + seed) for seed in range(count))


def noise_pictures(count: int, seed: int = 0, channels: int = 1, side: int = SIDE) -> Images:
    draw = np.random.default_rng(seed)
    images = draw.integers(0, 256, (count, channels, side, side)).astype(np.uint8)
    return from_arrays(images, np.arange(count) % CLASSES, tuple(f"thing {k}" for k in range(CLASSES)))


def enrolled(folder: Path, number: int = 24, count: int = 60, **changes) -> Path:
    """A case of linear models in `folder`."""
    plan = owner.Plan(source=SOURCE, images=noise_pictures(90), count=count, references=references(number), **changes)
    owner.enroll(plan, folder, tell=lambda remark: None)
    return folder


def sac(*words: object, folder: Path | None = None) -> subprocess.CompletedProcess:
    """Run `sac` with these words, whatever comes of it."""
    code = "import sys; from stages.cli import sac; sys.exit(sac())"
    return subprocess.run([sys.executable, "-c", code, *map(str, words)], cwd=folder, capture_output=True, text=True)
