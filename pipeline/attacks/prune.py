"""Pruning as the authors' code does it: remove the channels that clean images excite least, and tune lightly in between.

SAC-JC, section 4.1 "Pruning", after Fine-Pruning (Liu et al., 2018). One run passes through all ratios, so its suspects are
points of one trajectory. Channels of all convolutions are ranked together by the output of their convolution before
normalisation, over the attacker's images; the authors rank by the mean of its absolute value for CIFAR-10 (`magnitude`) and by
its signed mean for KDEF (`signed`), from the last batch that tuning saw. The weights of a removed channel stay zero, its bias
and normalisation remain. The original prunes the last convolution by its activation after the non-linearity, and tunes long.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, Field

from pipeline.data.images import Images
from pipeline.tasks.recipe import Recipe, RecipeChange, Share
from pipeline.tasks.task import unlike
from pipeline.training.maker import Made, Maker

if TYPE_CHECKING:
    from torch import Tensor, nn

    from pipeline.models.network import Network

LARGEST_BATCH = 512
Ranking = Literal["magnitude", "absolute", "signed"]


def hundredths(ratio: float) -> float:
    """`ratio`, which names the suspect with two digits."""
    if abs(ratio - round(ratio, 2)) > 1e-9:
        raise ValueError(f"expected whole hundredths, found {ratio}")
    return ratio


class Attack(Maker):
    """ratios: shares of channels removed, rising. layers: all convolutions or the last.

    by: what ranks a channel: the mean of |output| (`magnitude`), the size of its mean (`absolute`), or its mean (`signed`).
    ranked_on: how many images it is taken over. refresh, tune: the shares of channels after whose removal the ranking is
    taken anew, and the network is tuned by `recipe`. The authors': 20 of VGG16's 4,224 channels, and 50 (CIFAR-10) or 20
    (KDEF).
    """

    own_arch = True
    begins = "source"

    ratios: Annotated[
        tuple[Annotated[float, Field(gt=0, lt=1), AfterValidator(hundredths)], ...], Field(min_length=1), AfterValidator(unlike)
    ]
    layers: Literal["all", "last"] = "all"
    by: Ranking = "magnitude"
    ranked_on: Annotated[int, Field(ge=1, le=10_000_000)] = 512
    refresh: Share = 20 / 4224
    tune: Share = 50 / 4224
    recipe: RecipeChange = RecipeChange()

    @property
    def variants(self) -> tuple[str, ...]:
        """One for each ratio."""
        return tuple(f"{ratio:.2f}" for ratio in sorted(self.ratios))

    def __call__(
        self, source: "Network | None", half: Images, arch: str, seed: int, recipe: Recipe, start: "Network | None" = None
    ) -> Made:
        """As any maker's."""
        from pipeline.models.network import clone

        network = clone(source)  # type: ignore[arg-type] # a maker that needs the source has it
        convolutions = convolutions_of(network)[-1 if self.layers == "last" else 0 :]
        draws = np.random.default_rng(seed)
        images = half.images[np.sort(draws.permutation(len(half))[: self.ranked_on])]
        masks = [_ones(layer) for layer in convolutions]
        made, removed = {}, 0
        channels = sum(len(mask) for mask in masks)
        every = {name: max(1, round(getattr(self, name) * channels)) for name in ("refresh", "tune")}
        for variant in self.variants:
            while removed < round(float(variant) * channels):
                if removed % every["refresh"] == 0:
                    means = mean_outputs(network, convolutions, images, self.by)
                if not remove_least(masks, means):
                    break
                removed += 1
                _apply(convolutions, masks)
                if removed % every["tune"] == 0:
                    self._tune(network, convolutions, masks, half, recipe, seed + removed)
            made[variant] = clone(network)
        return made

    def _tune(
        self,
        network: "Network",
        convolutions: "list[nn.Conv2d]",
        masks: "list[Tensor]",
        half: Images,
        recipe: Recipe,
        seed: int,
    ) -> None:
        from pipeline.training.fit import fit

        with masked(convolutions, masks):
            fit(network, half, recipe, seed)


def convolutions_of(network: "Network") -> "list[nn.Conv2d]":
    """All convolutions of the features, in order."""
    from torch import nn

    return [layer for layer in network.features.modules() if isinstance(layer, nn.Conv2d)]


def mean_outputs(network: "Network", convolutions: "list[nn.Conv2d]", images: np.ndarray, by: Ranking) -> "list[Tensor]":
    """What ranks every channel of every convolution, (channels,) each: its mean output over images (N, C, H, W) uint8."""
    import torch

    totals = [torch.zeros(layer.out_channels, device=network.device) for layer in convolutions]

    def adding(total: "Tensor") -> Callable[..., None]:
        def add(_layer: Any, _given: Any, output: "Tensor") -> None:
            values = output.abs() if by == "magnitude" else output
            total.add_(values.mean(dim=(2, 3)).sum(dim=0))

        return add

    hooks = [layer.register_forward_hook(adding(total)) for layer, total in zip(convolutions, totals, strict=True)]
    with torch.inference_mode():
        for batch in torch.from_numpy(images).split(LARGEST_BATCH):
            network(batch.to(network.device))
    for hook in hooks:
        hook.remove()
    return [(total / len(images)).abs() if by == "absolute" else total / len(images) for total in totals]


def remove_least(masks: "list[Tensor]", means: "list[Tensor]") -> bool:
    """Set to 0 the mask of the living channel with the smallest mean; no layer loses its last one. False if none can go."""
    import torch

    free = [mask.bool() & (mask.sum() > 1) for mask in masks]
    ranked = torch.cat([mean.masked_fill(~own, torch.inf) for mean, own in zip(means, free, strict=True)])
    place = int(ranked.argmin())
    if ranked[place] == torch.inf:
        return False
    for mask in masks:
        if place < len(mask):
            mask[place] = 0
            return True
        place -= len(mask)
    return False


@contextmanager
def masked(convolutions: "list[nn.Conv2d]", masks: "list[Tensor]") -> Iterator[None]:
    """While tuning, the weights of removed channels are zero; afterwards they are zero for good."""
    from torch.nn.utils import prune

    for layer, mask in zip(convolutions, masks, strict=True):
        prune.custom_from_mask(layer, "weight", mask.view(-1, 1, 1, 1).expand_as(layer.weight))
    yield
    for layer in convolutions:
        prune.remove(layer, "weight")


def _ones(layer: "nn.Conv2d") -> "Tensor":
    import torch

    return torch.ones(layer.out_channels, device=layer.weight.device)


def _apply(convolutions: "list[nn.Conv2d]", masks: "list[Tensor]") -> None:
    import torch

    with torch.no_grad():
        for layer, mask in zip(convolutions, masks, strict=True):
            layer.weight.mul_(mask.view(-1, 1, 1, 1))
