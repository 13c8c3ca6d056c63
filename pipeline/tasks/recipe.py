"""What to minimise and for how long: the data that tells one training from another. Knows no torch."""

from math import cos, pi
from typing import Annotated, Literal

from pydantic import Field

from pipeline.core.params import Parameters

Share = Annotated[float, Field(ge=0, le=1)]


class Distillation(Parameters):
    """Eq. 7 of SAC-JC: alpha KL(student^T, teacher^T) + (1 - alpha) CE(student, teacher's label), KL as a batch mean.

    The authors use alpha 0.9 for CIFAR-10 and 0.1 for KDEF, temperature 20, and scale KL by T squared.
    """

    alpha: Share = 0.9
    temperature: Annotated[float, Field(gt=0, le=100_000)] = 20.0
    times_temperature_squared: bool = True


class Adversary(Parameters):
    """The inner maximisation of Eq. 5 within an L-infinity ball: FGSM is one step of size epsilon.

    epsilon and step are in units of the pixel range, [0, 1]; the authors use PGD with 4/255, 1/255 and 10 or 30 steps.
    """

    ascent: Literal["fgsm", "pgd"] = "pgd"
    epsilon: Annotated[float, Field(gt=0, le=1)] = 4 / 255
    step: Annotated[float, Field(gt=0, le=1)] = 1 / 255
    steps: Annotated[int, Field(ge=1, le=10_000)] = 10
    random_start: bool = False


class ArcFace(Parameters):
    """Additive angular margin (Deng et al., 2019): cross-entropy over scale cos(theta), the true class's angle widened.

    margin in radians. For networks whose logits are cosines to their classes' centres.
    """

    margin: Annotated[float, Field(ge=0, lt=pi)] = 0.5
    scale: Annotated[float, Field(gt=0, le=100_000)] = 64.0


class Recipe(Parameters):
    """SGD with momentum over `epochs` passes. `rate` is the schedule's peak learning rate.

    one_cycle climbs for the first `warmup` share of all steps and falls linearly to zero; cosine and linear only
    fall; step multiplies by 0.9 every tenth of the run, as the authors' StepLR(10, 0.9) does over 100 epochs;
    constant stays.

    imitates_embeddings: learn a teacher's embeddings, by one minus their cosine, and no labels.
    """

    epochs: Annotated[float, Field(gt=0, le=100_000)]
    batch: Annotated[int, Field(ge=2, le=1_000_000)] = 128
    rate: Annotated[float, Field(gt=0, le=100)] = 0.05
    schedule: Literal["one_cycle", "cosine", "linear", "step", "constant"] = "one_cycle"
    warmup: Share = 0.25
    momentum: Share = 0.9
    weight_decay: Annotated[float, Field(ge=0, le=100)] = 5e-5
    augment: Literal["none", "crop", "crop_flip"] = "none"
    clip: Annotated[float, Field(gt=0, le=100_000)] | None = None
    distillation: Distillation | None = None
    adversary: Adversary | None = None
    arcface: ArcFace | None = None
    imitates_embeddings: bool = False

    def rate_at(self, progress: float) -> float:
        """The learning rate when `progress` in [0, 1] of all steps are done."""
        match self.schedule:
            case "one_cycle" if progress < self.warmup:
                return self.rate * max(progress / self.warmup, 0.04)
            case "one_cycle":
                return self.rate * (1 - progress) / (1 - self.warmup) if self.warmup < 1 else self.rate
            case "cosine":
                return self.rate * (1 + cos(pi * progress)) / 2
            case "linear":
                return self.rate * (1 - progress)
            case "step":
                return self.rate * 0.9 ** int(10 * progress)
            case _:
                return self.rate


class RecipeChange(Recipe):
    """What a recipe does differently from its task's: only the keys that are given count."""

    epochs: Annotated[float, Field(gt=0, le=100_000)] = 1.0


def changed(recipe: Recipe, change: RecipeChange) -> Recipe:
    """`recipe` with what `change` sets."""
    return recipe.model_copy(update={name: getattr(change, name) for name in change.model_fields_set})
