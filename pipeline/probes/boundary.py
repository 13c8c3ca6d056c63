"""Points near the source's classification boundary: IPGuard.

Cao, Jia and Gong (2021): from an image that the source labels i, minimise over the input, for another class j,
ReLU(Z_i - Z_j + k) + ReLU(max_{t not in i, j} Z_t - Z_i), where Z are the source's logits. At zero the point lies k
beyond the boundary between i and j, all other classes below both. A copy keeps the boundary and hence the source's
labels of such points: the score is `matching`.

No code of the authors was found. Of the public implementations, neither DeepJudge's (k 5, Adam 0.001, at most 1,000
steps, least likely or random class) nor QuRD's (k 10, Adam 0.01, random class, stops when the label is the target)
keeps a point within [0, 1]. Here every step ends there, since a probe is an image: to write it is to cut off what lies
outside, and that would be another point, perhaps on the other side.

A probe is also rounded to 256 levels, which may carry a point back over a boundary so near. A copy is expected to
answer what the source answers to the rounded image, so that the source itself always matches; the facts say how many
labels changed.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from pipeline.core.errors import BadInput
from pipeline.core.params import Parameters, Seed
from pipeline.data.images import Images
from pipeline.probes.probe_set import DefenderModels, ProbeSet, probe_set
from pipeline.tasks.task import Count

if TYPE_CHECKING:
    from torch import Tensor

    from pipeline.models.network import Network


class Family(Parameters):
    """`count` images of the held-out set are moved by at most `steps` steps of Adam at `rate`, towards the class that
    the source finds `least_likely` in them or a `random` other one. `k` is in units of logits, `rate` in [0, 1] pixels.

    The paper keeps a point wherever it stops. Here one whose loss did not reach zero is dropped: it may still be the image
    that it started from, which any good model labels like the source. Fewer than `minimum` left is an error.
    """

    tasks: ClassVar = ("classification",)
    methods: ClassVar = ("ipguard",)

    count: Count
    minimum: Count
    k: Annotated[float, Field(ge=0, le=100_000)] = 5.0
    target: Literal["least_likely", "random"] = "least_likely"
    rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    steps: Count = 1000
    seed: Seed = 0
    held_out: Literal["pool", "accuracy"] = "pool"

    def __call__(self, held_out: Images, models: DefenderModels) -> list[ProbeSet]:
        """One set. Its labels are those of the images that the points started from.

        Facts: the share of all points that `converged`; of these, the share whose label by the source was
        `kept_by_quantisation`, the mean gap between its two largest logits before and after, and the mean over points
        of the largest `change` of a pixel, in [0, 1]. Raises BadInput where there is no such boundary, or too few
        points reach it.
        """
        from pipeline.models.network import load, predict
        from pipeline.training.device import device

        if self.count > len(held_out):
            raise BadInput(f"probes.boundary.count: {self.count} asked for, {self.held_out} has {len(held_out)} images")
        source = load(models.source).to(device())
        self._check_classes(models.source, len(source.spec.classes))
        draw = np.random.default_rng(self.seed)
        index = np.sort(draw.permutation(len(held_out))[: self.count])
        start = held_out.images[index]
        logits = predict(source, start)
        points, reached = self._approach(source, start, logits.argmax(axis=1), self._aims(logits, draw))
        if reached.sum() < self.minimum:
            raise BadInput(
                f"probes.boundary: {reached.sum()} of {self.count} points reached the boundary, at least "
                f"{self.minimum} are needed: raise probes.boundary.count, steps or rate, or lower k or "
                "minimum"
            )
        start, points, index = start[reached], points[reached], index[reached]
        images = np.rint(points * 255).astype(np.uint8)
        before, after = predict(source, points), predict(source, images)
        facts = {
            "converged": reached.mean(),
            "kept_by_quantisation": (before.argmax(1) == after.argmax(1)).mean(),
            "gap_before": top_gaps(before).mean(),
            "gap_after": top_gaps(after).mean(),
            "change": np.abs(images / 255 - start / 255).max(axis=(1, 2, 3)).mean(),
        }
        return [
            probe_set(
                "ipguard", images, held_out.labels[index], index, None, **{name: float(value) for name, value in facts.items()}
            )
        ]

    def _check_classes(self, source: Path, classes: int) -> None:
        if classes < 2:
            raise BadInput(f"{source}: a boundary lies between 2 classes, the source knows {classes}")
        if classes < 3 and self.target == "least_likely":
            raise BadInput(
                f"probes.boundary.target: least_likely needs 3 classes, the source has {classes}, of which "
                "it is always the other one: set probes.boundary.target to random, which is the same then"
            )

    def _aims(self, logits: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        """The class j (N,) of each image with the source's logits (N, K)."""
        if self.target == "least_likely":
            aims: np.ndarray = logits.argmin(axis=1)
            return aims
        count, classes = logits.shape
        aims = (logits.argmax(axis=1) + draw.integers(1, classes, count)) % classes
        return aims

    def _approach(
        self, source: "Network", start: np.ndarray, own: np.ndarray, aims: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points (N, C, H, W) float32 in [0, 1] moved from images uint8, and which of them (N,) reached zero loss.

        Adam works element by element, so that a batch moves each point as if it were alone. One whose loss is zero
        stays where it is.
        """
        import torch

        points = (torch.from_numpy(start).to(source.device) / 255).requires_grad_()
        begin, end = (torch.from_numpy(classes).to(source.device) for classes in (own, aims))
        optimiser = torch.optim.Adam([points], self.rate)
        moving = torch.arange(len(points), device=source.device)
        for step in range(self.steps + 1):
            losses = boundary_loss(source(points[moving]), begin[moving], end[moving], self.k)
            moving = moving[losses > 0]
            if step == self.steps or not len(moving):
                break
            (points.grad,) = torch.autograd.grad(losses.sum(), points)
            with torch.no_grad():
                moved = points.clone()
                optimiser.step()
                moved[moving] = points[moving].clamp(0, 1)
                points.copy_(moved)
        reached = np.ones(len(start), bool)
        reached[moving.cpu().numpy()] = False
        return points.detach().cpu().numpy(), reached


def boundary_loss(logits: "Tensor", own: "Tensor", aims: "Tensor", k: float) -> "Tensor":
    """IPGuard's loss (N,) of logits (N, K) for the classes i and j, `own` and `aims` (N,); of two classes, the first
    term alone."""
    import torch

    pair = torch.stack([own, aims], dim=1)
    first, second = logits.gather(1, pair).unbind(dim=1)
    rest = logits.scatter(1, pair, -torch.inf).amax(dim=1)
    return torch.relu(first - second + k) + torch.relu(rest - first)


def top_gaps(logits: np.ndarray) -> np.ndarray:
    """How far (N,) the largest of the logits (N, K) lies above the second."""
    second, first = np.sort(logits, axis=1)[:, -2:].T
    gaps: np.ndarray = first - second
    return gaps
