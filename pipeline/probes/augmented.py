"""Augmented normal samples: clean, CutMix (SAC-m), JPEG (SAC-JC), and the other corruptions of its Figure 2.

SAC-JC, section 3.3: randomly selected normal samples, augmented to weaken what all models of a task have in common.
The authors take the first samples of the test set that also selected their checkpoints; here a random draw from the
probe pool, the same for every method.
"""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from pipeline.core.errors import BadInput
from pipeline.core.params import Parameters, Seed
from pipeline.data.corrupt import CORRUPTIONS, corrupt, jpeg
from pipeline.data.images import Images
from pipeline.probes.probe_set import DefenderModels, ProbeSet, probe_set
from pipeline.tasks.recipe import Share
from pipeline.tasks.task import Count

OTHERS = tuple(name for name in CORRUPTIONS if name != "jpeg")


class Jpeg(Parameters):
    """`quality` 25 is severity 1 of the corruption. `swapped`: compress BGR, as the authors' KDEF code does."""

    quality: Annotated[int, Field(ge=1, le=95)] = 25
    swapped: bool = False


class CutMix(Parameters):
    """A box of each image comes from another probe (Yun et al., 2019).

    plain: a box of `area` of the image anywhere, another one for each image. corner: the box of the authors' released
    script, of side int(0.2 W) around one point in a corner, the same for all images (2 % of the image). transposed:
    height and width swapped afterwards, as the script does unintended.
    """

    patch: Literal["plain", "corner"] = "plain"
    area: Share = 0.5
    transposed: bool = False


class Corruption(Parameters):
    """All corruptions but JPEG: severity 1 to 5, and how many of the images get each."""

    severity: Annotated[int, Field(ge=1, le=5)] = 1
    count: Count = 100


class Family(Parameters):
    """`held_out`: `pool`, or `accuracy` for the papers' own choice, the images that models were also measured on.
    `corruption`: null leaves the other corruptions out."""

    tasks: ClassVar = ("classification",)
    methods: ClassVar = ("clean", "jpeg", "cutmix", "cutmix_corner", *OTHERS)

    count: Count
    seed: Seed = 0
    held_out: Literal["pool", "accuracy"] = "pool"
    jpeg: Jpeg = Jpeg()
    cutmix: CutMix = CutMix()
    corruption: Corruption | None = Corruption()

    def __call__(self, held_out: Images, models: DefenderModels) -> list[ProbeSet]:
        """One set of each method. Asks no model."""
        if self.count > len(held_out):
            raise BadInput(f"probes.augmented.count: {self.count} asked for, {self.held_out} has {len(held_out)} images")
        draw = np.random.default_rng(self.seed)
        index = np.sort(draw.permutation(len(held_out))[: self.count])
        chosen = held_out.take(index)
        corner = self.cutmix.model_copy(update={"patch": "corner"})
        made = {
            "clean": chosen.images,
            "jpeg": jpeg(chosen.images, self.jpeg.quality, self.jpeg.swapped),
            "cutmix": cutmix(chosen.images, self.cutmix, np.random.default_rng(self.seed)),
            "cutmix_corner": cutmix(chosen.images, corner, np.random.default_rng(self.seed)),
        }
        if other := self.corruption:
            made |= {name: corrupt(chosen.images[: other.count], name, other.severity, self.seed) for name in OTHERS}
        return [
            probe_set(method, images, chosen.labels[: len(images)], index[: len(images)]) for method, images in made.items()
        ]


def cutmix(images: np.ndarray, mix: CutMix, draw: np.random.Generator) -> np.ndarray:
    """images (N, C, H, W), each with a box of another one of them."""
    height, width = images.shape[2:]
    partners = draw.permutation(len(images))
    corner = _corner_box(height, width, draw)
    mixed = images.copy()
    for place, partner in enumerate(partners):
        box = corner if mix.patch == "corner" else _plain_box(height, width, mix.area, draw)
        mixed[(place, slice(None), *box)] = images[(partner, slice(None), *box)]
    return np.ascontiguousarray(mixed.transpose(0, 1, 3, 2)) if mix.transposed else mixed


def _plain_box(height: int, width: int, area: float, draw: np.random.Generator) -> tuple[slice, slice]:
    tall, wide = round(height * area**0.5), round(width * area**0.5)
    top, left = draw.integers(0, height - tall + 1), draw.integers(0, width - wide + 1)
    return slice(top, top + tall), slice(left, left + wide)


def _corner_box(height: int, width: int, draw: np.random.Generator) -> tuple[slice, slice]:
    """A box around a point whose both coordinates lie in the outer sixths, clipped to the image."""
    tall, wide = (
        _clipped(
            draw.choice([place for place in range(side) if not side / 6 <= place <= side - side / 6]), int(side * 0.2), side
        )
        for side in (height, width)
    )
    return tall, wide


def _clipped(centre: int, length: int, side: int) -> slice:
    return slice(max(0, centre - length // 2), min(side, centre + length // 2))
