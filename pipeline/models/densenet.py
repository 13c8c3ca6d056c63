"""DenseNet (Huang et al., 2017)."""

import torch
from torch import nn

ARCHITECTURES = ("densenet_slim", "densenet_compact", "densenet121")
BF16 = ("densenet_compact",)


class Layer(nn.Module):
    """Normalise, rectify, convolve to `growth` channels, and append them to the input."""

    def __init__(self, width: int, growth: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(width)
        self.convolution = nn.Conv2d(width, growth, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, self.convolution(torch.relu(self.norm(x)))], dim=1)


def _transition(width: int) -> tuple[nn.Module, ...]:
    return nn.BatchNorm2d(width), nn.ReLU(inplace=True), nn.Conv2d(width, width // 2, 1, bias=False), nn.AvgPool2d(2)


def densenet_slim(channels: int, classes: int, growth: int = 10, depth: int = 3) -> tuple[nn.Module, nn.Module]:
    """A stride-2 stem and three dense blocks of three layers, growth 10."""
    width = 2 * growth
    layers = [nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False)]  # type: list[nn.Module]
    for block in range(3):
        for _ in range(depth):
            layers.append(Layer(width, growth))
            width += growth
        if block < 2:
            layers += _transition(width)
            width //= 2
    layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers), nn.Linear(4 * width, classes)


def densenet_compact(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """A stem of stride 1 and four dense blocks of one to four layers, growth 16."""
    growth, width = 16, 16
    layers = [nn.Conv2d(channels, width, 3, padding=1, bias=False)]  # type: list[nn.Module]
    for depth in (1, 3, 4, 4):
        if len(layers) > 1:
            layers += _transition(width)
            width //= 2
        for _ in range(depth):
            layers.append(Layer(width, growth))
            width += growth
    layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers), nn.Linear(4 * width, classes)


def densenet121(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """torchvision's DenseNet-121."""
    import torchvision.models

    network = torchvision.models.densenet121(weights=None, num_classes=classes)
    if channels != 3:
        network.features.conv0 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
    pooled = nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(network.features, *pooled), network.classifier
