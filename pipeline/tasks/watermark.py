"""A watermark: the parameters of EWE, and the images that show it. Knows no torch.

Jia, Choquette-Choo, Chandrasekaran and Papernot, Entangled Watermarks as a Defense against Model Extraction, USENIX
Security 2021. entangle.py trains it into a network.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from pipeline.core.errors import BadInput
from pipeline.core.files import write_bytes
from pipeline.core.params import Parameters, Seed

TRIGGERS = "triggers.safetensors"
"""The file beside a watermarked source."""

NO_CLASS = -1
ARRAYS = ("images", "labels", "index", "trained")

Distance = Literal["cosine", "euclidean"]
Class = Annotated[int, Field(ge=0, le=1_000_000)]
Steps = Annotated[int, Field(ge=0, le=100_000)]
Weight = Annotated[float, Field(ge=0, le=100_000)]
Positive = Annotated[float, Field(gt=0, le=100_000)]


class Watermark(Parameters):
    """Images of `source_class` with a white square of side `patch` are to be answered `target_class`.

    triggers: how many are trained on; the other images of the source class make the held-out ones.
    step, steps, away: each trigger takes `steps` signed gradient steps that entangle it with the target class, then
    `away` steps off what is answered `target_class` anyway; `step` in units of the pixel range, [0, 1].
    epochs, rate: after plain training, this many passes over the data with this peak learning rate, every `ratio`-th
    batch beside one of triggers and images of the target class, half and half.
    weights, temperatures: of the soft nearest neighbour loss at three depths, the deepest last. A weight is relative to
    the mean cross-entropy. A temperature is where its descent begins, at `temperature_rate` on its logarithm.
    seed: draws which images become triggers, and the batches that train them; plain training does not depend on it.

    The authors' values, where they mean the same: patch 3, step 0.01, 10 and about 5 steps; ratio 2 and classes 8 (of
    MNIST) and 0 for FashionMNIST, ratio 4 for CIFAR-10. The others were chosen for the slim VGG on 2,000 images of
    FashionMNIST by the source's success and accuracy alone.
    """

    source_class: Class
    target_class: Class
    patch: Annotated[int, Field(ge=0, le=100_000)] = 3
    triggers: Annotated[int, Field(ge=2, le=10_000_000)] = 100
    step: Annotated[float, Field(gt=0, le=1)] = 0.01
    steps: Steps = 10
    away: Steps = 5
    epochs: Positive = 10
    rate: Positive = 0.02
    ratio: Annotated[int, Field(ge=1, le=100_000)] = 4
    weights: tuple[Weight, Weight, Weight] = (1.0, 1.0, 1.0)
    temperatures: tuple[Positive, Positive, Positive] = (1.0, 1.0, 1.0)
    temperature_rate: Annotated[float, Field(ge=0, le=100)] = 0.1
    distance: Distance = "cosine"
    seed: Seed = 0


@dataclass(frozen=True)
class Triggers:
    """Images that show a watermark.

    images (K, C, H, W) uint8, as a real API would be sent; labels (K,) int64, the true classes, or -1 where they show
    none of the task's; index (K,) int64, the images they were made from; trained (K,) bool, whether the network was
    trained on them; target, the class that the network and its copies are expected to answer; facts for the report:
    where the patch lies, the shares answered `target` before the watermark was trained and after it (trained,
    held_out), and the temperatures at the end.
    """

    images: np.ndarray
    labels: np.ndarray
    index: np.ndarray
    trained: np.ndarray
    target: int
    facts: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)


def save_triggers(triggers: Triggers, path: Path) -> None:
    """Write as safetensors: the same triggers give the same bytes."""
    about = json.dumps({"target": triggers.target, "facts": triggers.facts})
    arrays = {name: np.ascontiguousarray(getattr(triggers, name)) for name in ARRAYS}
    write_bytes(path, to_bytes(arrays, metadata={"sac": about}))


def load_triggers(path: Path) -> Triggers:
    """Read what `save_triggers` wrote; BadInput for anything else."""
    try:
        with safe_open(path, framework="np") as file:
            about = json.loads(file.metadata()["sac"])
            return Triggers(*(file.get_tensor(name) for name in ARRAYS), about["target"], about["facts"])  # type: ignore[call-arg]
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; only a source trained with a watermark has triggers") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: not a file of triggers ({error})") from None
