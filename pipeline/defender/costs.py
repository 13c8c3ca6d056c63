"""What a fingerprint costs its owner: SAC-JC, Table 8. Everything is made anew, one after another, in one run.

Timed is what a fingerprint needs besides the source: surrogates and references, what watermarked training takes beyond plain
training, and the probes. Loading images and training the source are left out, since all fingerprints share them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from pipeline.data.corrupt import jpeg
from pipeline.data.images import Images
from pipeline.defender.makers import QUERY_MODELS
from pipeline.defender.query_models import query_recipe
from pipeline.probes.augmented import Family as Augmented
from pipeline.probes.augmented import cutmix
from pipeline.probes.probe_set import DefenderModels
from pipeline.tasks.task import Task
from pipeline.tasks.watermark import Watermark

if TYPE_CHECKING:
    from pipeline.models.network import Network

Made = TypeVar("Made")

PAPER = {"IPGuard": 456.45, "CAE": 25536.89, "EWE": 277.31, "SAC-JC": 0.16}
"""Seconds as SAC-JC prints them, for CIFAR-10."""
CLAIMED = 34393
"""How much faster than CAE the paper's text calls SAC-JC; its own table gives 25,536.89 / 0.16 = 159,606."""
AGAIN = 20
"""What takes milliseconds is timed so often, and the median taken."""


@dataclass(frozen=True)
class Defender:
    """What the owner has: a source, images, and families of probes by name. `folder` holds what is made on the way."""

    task: Task
    source: Path
    half: Images
    query: Images
    pool: Images
    accuracy: Images
    families: dict[str, Any]
    folder: Path


def time_methods(who: Defender, watermark: Watermark) -> pd.DataFrame:
    """One row a fingerprint: seconds, the source's accuracy with it, the paper's seconds, and seconds over SAC-JC's."""
    from pipeline.models.network import accuracy, load
    from pipeline.training.entangle import fit_entangled
    from pipeline.training.fit import fit_new

    arch, recipe = who.task.source, who.task.recipe
    plain_seconds, plain = _timed(lambda: fit_new(arch, who.half, recipe, 0))
    ewe_seconds, (marked, _) = _timed(lambda: fit_entangled(_fresh(arch, who.half), who.half, recipe, watermark, 0))
    surrogate_seconds, surrogates = _timed(lambda: _query_models("surrogates", who))
    reference_seconds, references = _timed(lambda: _query_models("references", who))
    models = DefenderModels(
        who.source, _saved(surrogates, "surrogates", who.folder), _saved(references, "references", who.folder)
    )
    family_seconds = {
        name: _timed(partial(family, who.pool, models))[0] for name, family in who.families.items() if name != "augmented"
    }
    seconds = {
        "SAC-JC": _median(lambda: _jpeg(who)),
        "SAC-m": _median(lambda: _cutmix(who)),
        "SAC-w": surrogate_seconds + family_seconds["misclassified"],
        "IPGuard": family_seconds["boundary"],
        "ModelDiff": family_seconds["decision_pairs"],
        "CAE": surrogate_seconds + reference_seconds + family_seconds["conferrable"],
        "EWE": max(ewe_seconds - plain_seconds, 0),
    }
    before = accuracy(load(who.source), who.accuracy)
    after = before + accuracy(marked, who.accuracy) - accuracy(plain, who.accuracy)
    return pd.DataFrame(
        [
            {
                "fingerprint": name,
                "seconds": value,
                "source_accuracy": after if name == "EWE" else before,
                "paper_seconds": PAPER.get(name, np.nan),
                "over_SAC-JC": value / seconds["SAC-JC"],
                "paper_over_SAC-JC": PAPER.get(name, np.nan) / PAPER["SAC-JC"],
            }
            for name, value in seconds.items()
        ]
    )


def _query_models(role: str, who: Defender) -> list["Network"]:
    from pipeline.models.network import load

    wanted, maker, source = getattr(who.task, role), QUERY_MODELS[role], load(who.source)
    recipe = query_recipe(maker, who.task.recipe, wanted)
    return [
        network
        for arch in wanted.archs
        for seed in range(wanted.seeds)
        for network in maker(source, who.query, arch, seed, recipe).values()
    ]


def _saved(networks: list["Network"], name: str, folder: Path) -> tuple[Path, ...]:
    from pipeline.models.network import save

    files = tuple(folder / f"{name}-{place}.safetensors" for place in range(len(networks)))
    for network, file in zip(networks, files, strict=True):
        save(network, file)
    return files


def _fresh(arch: str, half: Images) -> "Network":
    from pipeline.models.network import build

    return build(arch, half, 0)


def _chosen(who: Defender) -> np.ndarray:
    return who.pool.images[np.random.default_rng(0).permutation(len(who.pool))[: who.families["augmented"].count]]


def _jpeg(who: Defender) -> np.ndarray:
    augmented: Augmented = who.families["augmented"]
    return jpeg(_chosen(who), augmented.jpeg.quality)


def _cutmix(who: Defender) -> np.ndarray:
    return cutmix(_chosen(who), who.families["augmented"].cutmix, np.random.default_rng(0))


def _timed(make: Callable[[], Made]) -> tuple[float, Made]:
    began = time.perf_counter()
    made = make()
    return time.perf_counter() - began, made


def _median(make: Callable[[], object]) -> float:
    return float(np.median([_timed(make)[0] for _ in range(AGAIN)]))
