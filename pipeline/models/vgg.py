"""VGG (Simonyan and Zisserman, 2015).

The authors' source is torchvision's VGG16 with batch normalisation; their CIFAR-10 students are VGG13 without it,
their KDEF students VGG13 with it. `head` is the whole three-layer classifier, which is what their FT-L trains.
"""

from torch import nn

ARCHITECTURES = ("vgg_slim", "vgg_compact", "vgg13", "vgg13_bn", "vgg16_bn")
BF16 = ("vgg_compact",)


def vgg_slim(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """Six 3x3 convolutions of width 16 to 64 in three blocks; the first has stride 2."""
    layers = [*_convolution(channels, 16, stride=2), *_convolution(16, 16)]
    for narrow, wide in ((16, 32), (32, 64)):
        layers += [nn.MaxPool2d(2), *_convolution(narrow, wide), *_convolution(wide, wide)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten()), nn.Linear(4 * 64, classes)


def vgg_compact(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """Eight 3x3 convolutions of width 16 to 128 in four blocks, at full resolution from the first."""
    layers, narrow = [], channels  # type: list[nn.Module], int
    for wide in (16, 32, 64, 128):
        layers += [*([nn.MaxPool2d(2)] if layers else []), *_convolution(narrow, wide), *_convolution(wide, wide)]
        narrow = wide
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten()), nn.Linear(4 * 128, classes)


def _convolution(narrow: int, wide: int, stride: int = 1) -> tuple[nn.Module, ...]:
    return nn.Conv2d(narrow, wide, 3, stride, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU(inplace=True)


def _paper(name: str, channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    import torchvision.models

    network = getattr(torchvision.models, name)(weights=None, num_classes=classes)
    first = network.features[0]
    if channels != first.in_channels:
        network.features[0] = nn.Conv2d(channels, first.out_channels, 3, padding=1)
    return nn.Sequential(network.features, network.avgpool, nn.Flatten()), network.classifier


def vgg13(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """torchvision's VGG13 without batch normalisation."""
    return _paper("vgg13", channels, classes)


def vgg13_bn(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """torchvision's VGG13 with batch normalisation."""
    return _paper("vgg13_bn", channels, classes)


def vgg16_bn(channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """torchvision's VGG16 with batch normalisation."""
    return _paper("vgg16_bn", channels, classes)
