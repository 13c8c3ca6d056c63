"""FGSM (Goodfellow et al., 2015) and PGD (Madry et al., 2018) in an L-infinity ball."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from pipeline.tasks.recipe import Adversary


def perturb(
    network: Callable[[Tensor], Tensor],
    pixels: Tensor,
    labels: Tensor,
    adversary: Adversary,
    generator: torch.Generator,
    label_loss: Callable[[Tensor, Tensor], Tensor] = functional.cross_entropy,
) -> Tensor:
    """Images (N, C, H, W) in [0, 1] that raise label_loss(network(images), labels), at most epsilon from `pixels`.

    Only the input's gradient is computed; no gradient of the weights is computed or left in `network`.
    """
    single = adversary.ascent == "fgsm"
    steps, step = (1, adversary.epsilon) if single else (adversary.steps, adversary.step)
    lowest, highest = (pixels - adversary.epsilon).clamp(0, 1), (pixels + adversary.epsilon).clamp(0, 1)
    moved = pixels
    if adversary.random_start:
        noise = torch.rand(pixels.shape, generator=generator, device=pixels.device)
        moved = (pixels + adversary.epsilon * (2 * noise - 1)).clamp(0, 1)
    for _ in range(steps):
        moved = moved.detach().requires_grad_()
        loss = label_loss(network(moved), labels) * len(labels)
        (slope,) = torch.autograd.grad(loss, moved)
        moved = torch.clamp(moved.detach() + step * slope.sign(), lowest, highest)
    return moved.detach()
