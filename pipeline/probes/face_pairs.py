"""Pairs of pictures for face verification: WP-JC, and IPGuard and CAE adapted to decisions on pairs.

SAC-JC, sections 4.1 and 4.4: its rivals' success is counted in pairs. It names an attack on faces (with makeup) and gives
no parameters, so that the adaptation here is our own. A probe is the first picture of a pair, the target; the second stays
as it is.

    wrong_pairs_jpeg   the target JPEG-compressed: pairs that the source then gets wrong, whose score is `mistakes`
    ipguard_pairs      the target moved by Adam until the source's cosine lies k beyond its threshold, on the wrong side
    cae_pairs          the target moved within epsilon until the source is wrong, and surrogates are, but references not

Of the last two the score is `matching`: a copy is expected to answer as the source. Every model has the threshold that
the defender sets it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from pipeline.core.errors import BadInput
from pipeline.core.params import Parameters, Seed
from pipeline.data.corrupt import jpeg
from pipeline.data.images import Images
from pipeline.probes.probe_set import DefenderModels, ProbeSet, pair_set, sharing
from pipeline.tasks.recipe import Share
from pipeline.tasks.task import Count
from pipeline.verification.pairs import LabelledPairs, calibration_pairs
from pipeline.verification.thresholds import cosines, seeded_pairs
from pipeline.verification.verifier import threshold_of

if TYPE_CHECKING:
    from torch import Tensor

    from pipeline.models.network import Network

SOFTNESS = 0.1
"""The width, as a cosine, of the slope of CAE's loss around a threshold."""


class Boundary(Parameters):
    """k: how far beyond the threshold, as a cosine. rate: Adam's, in [0, 1] pixels. A pair that has not got there after
    `steps` is dropped."""

    k: Annotated[float, Field(ge=0, le=2)] = 0.02
    rate: Annotated[float, Field(gt=0, le=1)] = 0.002
    steps: Count = 200


class Conferrable(Parameters):
    """epsilon: the largest change of a pixel (up to half a level more after rounding); rate: Adam's; both in [0, 1] pixels.
    threshold: the least value of (share of surrogates fooled) x (share of references not fooled)
    that a pair must reach."""

    epsilon: Annotated[float, Field(gt=0, le=1)] = 0.1
    rate: Annotated[float, Field(gt=0, le=1)] = 0.01
    steps: Count = 60
    threshold: Share = 0.5


class Family(Parameters):
    """Draws `pairs` pairs, or all there are. Probes are those that the source gets wrong after JPEG at `quality`, and `moved`
    of those that it gets right: half of these show one person, if there are enough.

    At most `count` of each method; fewer than `minimum` are an error.
    """

    tasks: ClassVar = ("verification",)
    methods: ClassVar = ("wrong_pairs_jpeg", "ipguard_pairs", "cae_pairs")
    held_out: ClassVar = "pool"

    count: Count
    minimum: Count
    pairs: Annotated[int, Field(ge=2, le=10_000_000, multiple_of=2)]
    moved: Count
    quality: Annotated[int, Field(ge=1, le=95)] = 25
    boundary: Boundary = Boundary()
    conferrable: Conferrable = Conferrable()
    seed: Seed = 0

    def __call__(self, held_out: Images, models: DefenderModels) -> list[ProbeSet]:
        """One set of each method; a label says whether the pair shows one person. Raises BadInput where too few qualify.

        Facts: how many were `eligible` `of` those tried; of the probes the share that shows one person (`same`) and the mean
        of the largest `change` of a pixel, in [0, 1]; the share of points near the boundary whose answer was
        `kept_by_quantisation`; the shares of all moved pairs that `fooled` surrogates, and `references_fooled`.
        """
        from pipeline.models.network import load
        from pipeline.training.device import device

        if not (models.surrogates and models.references):
            raise BadInput("probes.face_pairs: CAE needs surrogates and references: set task.TASK.surrogates and references")
        pairs, calibration = self._drawn(held_out), calibration_pairs(*models.calibrating())
        networks = {
            path: load(path).to(device()).requires_grad_(False)
            for path in (models.source, *models.surrogates, *models.references)
        }
        thresholds = {path: threshold_of(network, calibration) for path, network in networks.items()}

        def judge(path: Path, pairs: LabelledPairs) -> _Judge:
            return _judge(networks[path], thresholds[path], pairs)

        compressed = jpeg(pairs.targets, self.quality)
        of_all = judge(models.source, pairs)
        wrong = of_all.wrong(compressed)
        chosen = pairs.take(self._balanced(pairs.same, np.flatnonzero(~of_all.wrong(pairs.targets))))
        source = judge(models.source, chosen)
        surrogates, references = ([judge(path, chosen) for path in paths] for paths in (models.surrogates, models.references))
        return sharing(
            [
                self._made("wrong_pairs_jpeg", pairs, compressed, wrong),
                self._boundary_pairs(chosen, source),
                self._conferrable_pairs(chosen, source, surrogates, references),
            ]
        )

    def _drawn(self, held_out: Images) -> LabelledPairs:
        """Pairs in random order, as many of either kind."""
        pictures = np.bincount(held_out.labels)
        same = int((pictures * (pictures - 1) // 2).sum())
        different = len(held_out) * (len(held_out) - 1) // 2 - same
        count = min(self.pairs, 2 * same, 2 * different)
        drawn = seeded_pairs(held_out.labels, count, self.seed)
        order = np.random.default_rng(self.seed).permutation(count)
        return LabelledPairs(held_out.images, *(values[order] for values in drawn))

    def _balanced(self, same: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The first `moved` of `right`, places of pairs, taken in turn from both kinds while both last."""
        ranks = np.where(same[right], np.cumsum(same[right]), np.cumsum(~same[right]))
        return right[np.argsort(ranks, kind="stable")[: self.moved]]

    def _boundary_pairs(self, pairs: LabelledPairs, source: "_Judge") -> ProbeSet:
        boundary = self.boundary

        def slope(points: "Tensor") -> tuple["Tensor", "Tensor"]:
            import torch

            losses = torch.relu(source.margins(points) + boundary.k)
            return torch.autograd.grad(losses.sum(), points)[0], losses > 0

        points, moving = _moved(source.pixels(pairs.targets), slope, boundary.rate, boundary.steps, epsilon=1.0)
        images = np.rint(points * 255).astype(np.uint8)
        kept = (source.wrong(images) == source.wrong(points))[~moving]
        return self._made("ipguard_pairs", pairs, images, ~moving, kept_by_quantisation=kept.sum() / max(1, len(kept)))

    def _conferrable_pairs(
        self, pairs: LabelledPairs, source: "_Judge", surrogates: list["_Judge"], references: list["_Judge"]
    ) -> ProbeSet:
        conferrable = self.conferrable
        parts = [
            (judge, aim, 1 / len(group)) for group, aim in (([source], 1), (surrogates, 1), (references, -1)) for judge in group
        ]

        def slope(points: "Tensor") -> tuple["Tensor", "Tensor"]:
            import torch

            total = torch.zeros_like(points)
            for judge, aim, weight in parts:
                losses = torch.nn.functional.softplus(aim * judge.margins(points) / SOFTNESS)
                total += weight * torch.autograd.grad(losses.sum(), points)[0]
            return total, torch.ones(len(points), dtype=torch.bool, device=points.device)

        points, _ = _moved(source.pixels(pairs.targets), slope, conferrable.rate, conferrable.steps, conferrable.epsilon)
        images = np.rint(points * 255).astype(np.uint8)
        fooled, missed = (np.mean([judge.wrong(images) for judge in group], axis=0) for group in (surrogates, references))
        accepted = source.wrong(images) & (fooled * (1 - missed) >= conferrable.threshold)
        return self._made("cae_pairs", pairs, images, accepted, fooled=fooled.mean(), references_fooled=missed.mean())

    def _made(self, method: str, pairs: LabelledPairs, images: np.ndarray, eligible: np.ndarray, **facts: float) -> ProbeSet:
        """The first of the eligible pairs: they lie in random order. The gallery is all of the pool."""
        if eligible.sum() < self.minimum:
            raise BadInput(
                f"probes.face_pairs: {eligible.sum()} of {len(eligible)} pairs qualify as {method!r}, at "
                f"least {self.minimum} are needed: raise pairs, moved, steps or epsilon, or lower minimum"
            )
        chosen = np.flatnonzero(eligible)[: self.count]
        change = np.abs(images[chosen] / 255 - pairs.targets[chosen] / 255).max(axis=(1, 2, 3)).mean()
        facts |= {"eligible": eligible.sum(), "of": len(eligible), "same": pairs.same[chosen].mean(), "change": change}
        return pair_set(
            method,
            images[chosen],
            pairs.same[chosen].astype(np.int64),
            pairs.first[chosen],
            pairs.second[chosen, None],
            pairs.images,
            **{name: float(value) for name, value in facts.items()},
        )


@dataclass(frozen=True)
class _Judge:
    """A network that answers pairs: its threshold, the embeddings (P, D) of their second pictures, and same (P,) bool."""

    network: "Network"
    threshold: float
    seconds: np.ndarray
    same: np.ndarray

    def wrong(self, images: np.ndarray) -> np.ndarray:
        """Which answers (P,) about targets, uint8 or float in [0, 1], are wrong."""
        from pipeline.models.network import embeddings

        wrong: np.ndarray = (cosines(embeddings(self.network, images), self.seconds) >= self.threshold) != self.same
        return wrong

    def margins(self, points: "Tensor") -> "Tensor":
        """How far (P,) the cosines of targets in [0, 1] lie on the right side of the threshold."""
        import torch

        seconds, same = (torch.from_numpy(values).to(points.device) for values in (self.seconds, self.same))
        return (2 * same - 1) * ((self.network.embed(points) * seconds).sum(dim=1) - self.threshold)

    def pixels(self, images: np.ndarray) -> "Tensor":
        """uint8 images as points in [0, 1] on the network's device."""
        import torch

        return torch.from_numpy(images).to(self.network.device) / 255


def _judge(network: "Network", threshold: float, pairs: LabelledPairs) -> _Judge:
    from pipeline.models.network import embeddings

    shown, places = np.unique(pairs.second, return_inverse=True)
    return _Judge(network, threshold, embeddings(network, pairs.images[shown])[places], pairs.same)


def _moved(
    start: "Tensor", slope: "Callable[[Tensor], tuple[Tensor, Tensor]]", rate: float, steps: int, epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Points (P, C, H, W) float32 in [0, 1], at most epsilon from `start`, and which of them (P,) were to go on.

    slope: points -> (gradient, which of them go on). Adam works element by element: each moves as if it were alone.
    """
    import torch

    lowest, highest = (start - epsilon).clamp(0, 1), (start + epsilon).clamp(0, 1)
    points = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([points], rate)
    for step in range(steps + 1):
        points.grad, moving = slope(points)
        if step == steps or not moving.any():
            break
        with torch.no_grad():
            before = points.clone()
            optimiser.step()
            points.copy_(torch.where(moving[:, None, None, None], points.clamp(lowest, highest), before))
    return points.detach().cpu().numpy(), moving.cpu().numpy()
