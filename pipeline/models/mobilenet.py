"""MobileNetV2 (Sandler et al., 2018)."""

import torch
from torch import nn

ARCHITECTURES = ("mobilenet_slim", "mobilenet_compact", "mobilenet_v2")
BF16 = ("mobilenet_compact",)


class Depthwise(nn.Conv2d):
    """A 3x3 filter of each channel; on a CPU in single precision, since bf16 takes its gradient five times as long."""

    def __init__(self, width: int, stride: int):
        super().__init__(width, width, 3, stride, padding=1, groups=width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.device.type != "cpu":
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.float())


class InvertedResidual(nn.Module):
    """Expand with 1x1, filter each channel with 3x3, project with 1x1; add the input where the shape allows."""

    def __init__(self, narrow: int, wide: int, stride: int, expansion: int = 4):
        super().__init__()
        hidden = narrow * expansion
        self.residual = stride == 1 and narrow == wide
        self.layers = nn.Sequential(
            nn.Conv2d(narrow, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(inplace=True),
            Depthwise(hidden, stride),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(inplace=True),
            nn.Conv2d(hidden, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)  # type: ignore[no-any-return]


def mobilenet_slim(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """A stride-2 stem and four inverted residuals of width 24 and 48."""
    stem = nn.Conv2d(channels, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU6(inplace=True)
    shapes = (16, 24, 2), (24, 24, 1), (24, 48, 2), (48, 48, 1)
    last = nn.Conv2d(48, 128, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU6(inplace=True)
    blocks = (InvertedResidual(*shape) for shape in shapes)
    return nn.Sequential(*stem, *blocks, *last, nn.AdaptiveAvgPool2d(1), nn.Flatten()), nn.Linear(128, classes)


def mobilenet_compact(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """A stem of stride 1 and seven inverted residuals of width 32 to 128, expanded two to three times."""
    stem = nn.Conv2d(channels, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU6(inplace=True)
    shapes = ((16, 32, 2, 2), (32, 32, 1, 2), (32, 64, 2, 2), (64, 64, 1, 3), (64, 64, 1, 3), (64, 128, 2, 3), (128, 128, 1, 3))
    last = nn.Conv2d(128, 256, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU6(inplace=True)
    blocks = (InvertedResidual(*shape) for shape in shapes)
    return nn.Sequential(*stem, *blocks, *last, nn.AdaptiveAvgPool2d(1), nn.Flatten()), nn.Linear(256, classes)


def mobilenet_v2(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """torchvision's MobileNetV2."""
    import torchvision.models

    network = torchvision.models.mobilenet_v2(weights=None, num_classes=classes)
    if channels != 3:
        network.features[0][0] = nn.Conv2d(channels, 32, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(network.features, nn.AdaptiveAvgPool2d(1), nn.Flatten()), network.classifier
