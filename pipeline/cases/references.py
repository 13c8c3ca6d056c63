"""Reference models that an owner trains: the slim architectures by several seeds, on labelled pictures that trained no
model of his.

Each is kept under a key over what shapes it: the pictures, the recipe, the architecture, the seed, the code, torch's version
and the kind of machine. So a killed run goes on, and one more seed trains one more model.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from pipeline.core.code import meaning
from pipeline.core.executor import run_all
from pipeline.core.files import digest
from pipeline.core.machine import kind
from pipeline.core.params import Parameters
from pipeline.core.seal import file_digest
from pipeline.data.images import Images
from pipeline.models import family
from pipeline.tasks.recipe import Recipe
from pipeline.zoo.plan import CODE, SHAPES_WEIGHTS

SLIM = ("densenet_slim", "mobilenet_slim", "resnet_slim", "vgg_slim")


class Training(Parameters):
    """How references are trained: `each` seeds of every architecture."""

    archs: tuple[str, ...] = SLIM
    each: int = 5
    epochs: float = 10
    recipe: Recipe = Recipe(epochs=10, batch=128, rate=0.1)


@dataclass(frozen=True)
class Trained:
    """A trained reference: the hash of its weights' file and its answers (P, K) to the probes."""

    arch: str
    seed: int
    sha256: str
    answers: np.ndarray


def train_references(store: Path, images: Images, training: Training, probes: np.ndarray) -> Iterator[Trained]:
    """Train what `store` lacks, in parallel, and yield every reference in order of architecture and seed."""
    jobs = [(arch, seed) for arch in training.archs for seed in range(training.each)]
    made = {
        (one.arch, one.seed): one
        for one in run_all(_Train(store, images, training, probes), jobs, "training references", here=True)
    }
    yield from (made[job] for job in jobs)


@dataclass(frozen=True)
class _Train:
    store: Path
    images: Images
    training: Training
    probes: np.ndarray

    def __call__(self, job: tuple[str, int]) -> Trained:
        from pipeline.models.network import load, predict, save
        from pipeline.training.fit import fit_new

        arch, seed = job
        recipe = self.training.recipe.model_copy(update={"epochs": self.training.epochs})
        code = (meaning(CODE / name) for name in (*SHAPES_WEIGHTS, f"models/{family(arch)}.py"))
        machine = (version("torch"), kind())
        key = digest(self.images.digest(), recipe.model_dump_json(), arch, str(seed), *machine, *code)
        file = self.store / f"{arch}-{seed}-{key[:12]}.safetensors"
        if not file.exists():
            self.store.mkdir(parents=True, exist_ok=True)
            save(fit_new(arch, self.images, recipe, int(key[:12], 16)), file)
        return Trained(arch, seed, file_digest(file), predict(load(file), self.probes))
