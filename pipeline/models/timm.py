"""Any network of timm (pytorch-image-models): `timm_resnet10t` is timm's resnet10t, with weights drawn here.

timm is no dependency of this project: pip install timm. It is looked for by name in timm's files, since importing it imports
torch. `head` is the last linear layer; the features are all before it, pooled.
"""

import re
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipeline.core.errors import BadInput

ARCHITECTURES = ()
PREFIX = "timm_"


@cache
def others() -> tuple[str, ...]:
    """Every architecture of the installed timm; none without it. Imports neither timm nor torch."""
    spec = find_spec("timm")
    if spec is None or spec.origin is None:
        return ()
    entry = re.compile(r"^@register_model\ndef (\w+)\(", re.M)
    files = sorted(Path(spec.origin).parent.glob("models/*.py"))
    return tuple(PREFIX + name for file in files for name in entry.findall(file.read_text(encoding="utf-8")))


def __getattr__(name: str) -> Callable[[int, int], Any]:
    """The function (channels, classes) -> (features, head) of an architecture."""
    if not name.startswith(PREFIX):
        raise AttributeError(name)
    return partial(_build, name.removeprefix(PREFIX))


def _build(name: str, channels: int, classes: int) -> Any:
    import timm
    from torch import nn

    features = timm.create_model(name, pretrained=False, in_chans=channels, num_classes=0)
    width = getattr(features, "head_hidden_size", None) or features.num_features
    if not isinstance(width, int):
        raise BadInput(f"{PREFIX}{name}: its features have no one width, found {width!r}: choose another network")
    return features, nn.Linear(width, classes)
