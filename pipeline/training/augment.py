"""Augmentation as batched tensor arithmetic on the device: no workers, no per-image Python."""

import torch
from torch import Tensor
from torch.nn import functional


def augment(images: Tensor, augmentation: str, generator: torch.Generator) -> Tensor:
    """A random view of each image (N, C, H, W): a crop after padding by an eighth, and a mirror image half of the
    time.

    Padding 4 on 32 pixels and 32 on 256 are the authors'.
    """
    if augmentation == "none":
        return images
    cropped = _crop(images, images.shape[-1] // 8, generator)
    return _flip(cropped, generator) if augmentation == "crop_flip" else cropped


def _crop(images: Tensor, pad: int, generator: torch.Generator) -> Tensor:
    count, _, height, width = images.shape
    padded = functional.pad(images, (pad,) * 4)
    shift = torch.randint(0, 2 * pad + 1, (2, count, 1), generator=generator, device=images.device)
    rows = (shift[0] + torch.arange(height, device=images.device)).view(count, 1, height, 1)
    columns = (shift[1] + torch.arange(width, device=images.device)).view(count, 1, 1, width)
    each = torch.arange(count, device=images.device).view(count, 1, 1, 1)
    channels = torch.arange(images.shape[1], device=images.device).view(1, -1, 1, 1)
    return padded[each, channels, rows, columns]


def _flip(images: Tensor, generator: torch.Generator) -> Tensor:
    mirrored = torch.rand(len(images), generator=generator, device=images.device) < 0.5
    return torch.where(mirrored.view(-1, 1, 1, 1), images.flip(-1), images)
