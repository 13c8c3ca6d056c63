"""Face recognition: features, a unit embedding of them, and its cosines to the classes' centres, for ArcFace.

The backbones of SAC-JC, section 4.1, which follows InsightFace: its ResNets ("iresnet": a 3x3 stem of stride 1, blocks
that begin and end with normalisation, no bottlenecks in ResNet-50 either) and MobileFaceNet (Chen et al., 2018, Table 1,
with InsightFace's 512 numbers for the paper's 128). At 112 x 112 pixels all end in 7 x 7 maps; those of other sizes, from
32 pixels, are pooled or stretched to 7 x 7. Unlike InsightFace's, the scale of the embedding's normalisation learns, and
weights begin as PyTorch's do. The slim ones have ReLU, since PReLU takes twice the time on a CPU.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.data.images import Images
from pipeline.models.network import Network, embeddings, replace_head

if TYPE_CHECKING:
    Rectifier = Callable[[int], nn.Module]

ARCHITECTURES = (
    "face_resnet18_slim",
    "face_resnet50_slim",
    "face_mobilefacenet_slim",
    "face_resnet18",
    "face_resnet50",
    "face_mobilefacenet",
)


class CosineHead(nn.Module):
    """The logits of features (N, width) are cosines (N, classes) between their embeddings and the classes' centres."""

    def __init__(self, width: int, size: int, classes: int):
        super().__init__()
        self.embedding = nn.Sequential(nn.Linear(width, size, bias=False), nn.BatchNorm1d(size))
        self.centres = nn.Parameter(torch.randn(classes, size))

    def embed(self, features: Tensor) -> Tensor:
        """Unit embeddings (N, size)."""
        return functional.normalize(self.embedding(features))

    def forward(self, features: Tensor) -> Tensor:
        embeddings = self.embed(features)
        with torch.autocast(embeddings.device.type, enabled=False):  # near 1, bf16 has too few digits for an angle
            return functional.linear(embeddings.float(), functional.normalize(self.centres))


def recentre(network: Network, data: Images) -> Network:
    """A copy of `network` for the people of `data`: it embeds as before, and a person's centre is the mean embedding of
    their images (Qi et al., Low-Shot Learning with Imprinted Weights, CVPR 2018).

    Around centres drawn at random, fine-tuning on a few thousand images first tears the embeddings apart. A class
    without images keeps a drawn one.
    """
    moved = replace_head(network, data, seed=0)
    labels, centres = torch.from_numpy(data.labels), moved.head.centres.detach()
    sums = torch.zeros_like(centres).index_add_(0, labels, torch.from_numpy(embeddings(network, data.images)))
    counts = torch.bincount(labels, minlength=len(centres))[:, None]
    centres.copy_(torch.where(counts > 0, sums / counts.clamp(min=1), centres))
    return moved


class Block(nn.Module):
    """Two 3x3 convolutions between three normalisations, the second with the stride; nothing rectifies the sum."""

    def __init__(self, narrow: int, wide: int, stride: int, rectifier: "Rectifier"):
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm2d(narrow),
            *_convolution(narrow, wide, 3, rectifier),
            nn.Conv2d(wide, wide, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(wide),
        )
        self.shortcut = nn.Identity()  # type: nn.Module
        if stride != 1 or narrow != wide:
            self.shortcut = nn.Sequential(nn.Conv2d(narrow, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x) + self.shortcut(x)  # type: ignore[no-any-return]


class Bottleneck(nn.Module):
    """Expand with 1x1, filter each channel with 3x3, project with 1x1; add the input where the shape allows."""

    def __init__(self, narrow: int, wide: int, stride: int, expansion: int, rectifier: "Rectifier"):
        super().__init__()
        hidden = narrow * expansion
        self.residual = stride == 1 and narrow == wide
        self.layers = nn.Sequential(
            *_convolution(narrow, hidden, 1, rectifier),
            *_convolution(hidden, hidden, 3, rectifier, stride, groups=hidden),
            nn.Conv2d(hidden, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)  # type: ignore[no-any-return]


def _convolution(
    narrow: int, wide: int, size: int, rectifier: "Rectifier", stride: int = 1, groups: int = 1
) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(narrow, wide, size, stride, padding=size // 2, groups=groups, bias=False)
    return convolution, nn.BatchNorm2d(wide), rectifier(wide)


def _relu(width: int) -> nn.Module:
    return nn.ReLU(inplace=True)


def _resnet(
    channels: int,
    classes: int,
    depths: Sequence[int],
    widths: Sequence[int] = (64, 128, 256, 512),
    stem: int = 1,
    maps: int = 7,
    size: int = 512,
    rectifier: "Rectifier" = nn.PReLU,
) -> tuple[nn.Module, nn.Module]:
    """depths and widths: of the stages, each of which begins with stride 2. stem: its stride."""
    layers, narrow = [*_convolution(channels, widths[0], 3, rectifier, stem)], widths[0]
    for depth, wide in zip(depths, widths, strict=True):
        for place in range(depth):
            layers.append(Block(narrow, wide, 1 if place else 2, rectifier))
            narrow = wide
    layers += [nn.BatchNorm2d(narrow), nn.AdaptiveAvgPool2d(maps), nn.Flatten()]
    return nn.Sequential(*layers), CosineHead(narrow * maps**2, size, classes)


def _mobilefacenet(
    channels: int,
    classes: int,
    stem: int,
    stages: Iterable[tuple[int, int, int, int]],
    last: int,
    maps: int = 7,
    size: int = 512,
    rectifier: "Rectifier" = nn.PReLU,
) -> tuple[nn.Module, nn.Module]:
    """stages: (expansion, width, depth, stride) of each, as the paper's table has them."""
    layers = [*_convolution(channels, stem, 3, rectifier, 2), *_convolution(stem, stem, 3, rectifier, groups=stem)]
    narrow = stem
    for expansion, wide, depth, stride in stages:
        for place in range(depth):
            layers.append(Bottleneck(narrow, wide, 1 if place else stride, expansion, rectifier))
            narrow = wide
    layers += [
        *_convolution(narrow, last, 1, rectifier),
        nn.AdaptiveAvgPool2d(maps),
        nn.Conv2d(last, last, maps, groups=last, bias=False),
        nn.BatchNorm2d(last),
        nn.Flatten(),
    ]
    return nn.Sequential(*layers), CosineHead(last, size, classes)


def face_resnet18(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """InsightFace's ResNet-18."""
    return _resnet(channels, classes, (2, 2, 2, 2))


def face_resnet50(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """InsightFace's ResNet-50."""
    return _resnet(channels, classes, (3, 4, 14, 3))


def face_mobilefacenet(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """MobileFaceNet."""
    stages = (2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1)
    return _mobilefacenet(channels, classes, 64, stages, 512)


def face_resnet18_slim(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """A stride-2 stem and three blocks of width 16 to 64, for 48 x 48 pixels; embeddings of 64 numbers."""
    return _resnet(channels, classes, (1, 1, 1), (16, 32, 64), stem=2, maps=3, size=64, rectifier=_relu)


def face_resnet50_slim(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """The same with five blocks."""
    return _resnet(channels, classes, (2, 2, 1), (16, 32, 64), stem=2, maps=3, size=64, rectifier=_relu)


def face_mobilefacenet_slim(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """Five bottlenecks of width 32 and 64, for 48 x 48 pixels; embeddings of 64 numbers."""
    stages = (2, 32, 2, 2), (4, 64, 1, 2), (2, 64, 2, 1)
    return _mobilefacenet(channels, classes, 16, stages, 128, maps=3, size=64, rectifier=_relu)
