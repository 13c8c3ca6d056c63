"""ResNet (He et al., 2016). The authors use torchvision's networks without a stem for small images."""

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

ARCHITECTURES = ("resnet_slim", "resnet_compact", "resnet18", "resnet34", "resnet50")
BF16 = ("resnet_compact",)


class Block(nn.Module):
    """Two 3x3 convolutions around an identity, or a 1x1 projection where the shape changes."""

    def __init__(self, narrow: int, wide: int, stride: int):
        super().__init__()
        self.first = nn.Conv2d(narrow, wide, 3, stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(wide)
        self.second = nn.Conv2d(wide, wide, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(wide)
        self.shortcut = nn.Identity()  # type: nn.Module
        if stride != 1 or narrow != wide:
            self.shortcut = nn.Sequential(nn.Conv2d(narrow, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))

    def forward(self, x: "Tensor") -> "Tensor":
        y = functional.relu(self.first_norm(self.first(x)), inplace=True)
        return functional.relu(self.second_norm(self.second(y)) + self.shortcut(x), inplace=True)


def resnet_slim(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """A stride-2 stem and three blocks of width 16 to 64."""
    stem = nn.Conv2d(channels, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)
    blocks = Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2)
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten()), nn.Linear(64, classes)


def resnet_compact(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """A stem of stride 1 and four blocks of width 16 to 128."""
    stem = nn.Conv2d(channels, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)
    blocks = Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2), Block(64, 128, 2)
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten()), nn.Linear(128, classes)


def _paper(name: str, channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    import torchvision.models

    network = getattr(torchvision.models, name)(weights=None, num_classes=classes)
    if channels != 3:
        network.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
    *layers, head = network.children()
    return nn.Sequential(*layers, nn.Flatten()), head


def resnet18(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """torchvision's ResNet-18."""
    return _paper("resnet18", channels, classes)


def resnet34(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """torchvision's ResNet-34, the source of the NeurIPS appendix' Table 5."""
    return _paper("resnet34", channels, classes)


def resnet50(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """torchvision's ResNet-50."""
    return _paper("resnet50", channels, classes)
