"""Networks by name: one file per family, in three scales: `slim` for two cores, `compact` for a few minutes a model and
core, and torchvision's networks, which the papers use.

An architecture is a function of its family's file, called with (channels, classes); its family is the letters the
name begins with: `vgg16_bn` and `vgg_slim` live in vgg.py. A new architecture is a new function, a
new family a new file. Those in a family's BF16 train faster in bf16 on processors that multiply it. All networks of timm are
there as `timm_NAME` where timm is installed.
"""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.core.errors import BadInput, unknown
from pipeline.core.machine import multiplies_bf16
from pipeline.core.names import known, module

TIMM = "timm"
"""The family whose names are timm's own."""


def family(arch: str) -> str:
    """The family an architecture belongs to: `resnet18` -> `resnet`."""
    return re.match("[a-z]*", arch).group()  # type: ignore[union-attr] # a star always matches


def architectures() -> tuple[str, ...]:
    """Every architecture there is: the names in the families' ARCHITECTURES, read without importing torch."""
    return tuple(arch for name in known("models") for arch in _declared(name, "ARCHITECTURES"))


def gains_by_bf16(arch: str) -> bool:
    """Whether `arch` trains faster in bf16 on a processor that multiplies it."""
    return arch in _declared(family(arch), "BF16")


def in_bf16(arch: str) -> bool:
    """Whether `arch` trains in bf16 on this machine's CPU: it gains by it, and the processor multiplies bf16.

    The environment's SAC_BF16=0 says no: what a processor without bf16 would make.
    """
    return gains_by_bf16(arch) and multiplies_bf16()


@cache
def _declared(name: str, constant: str) -> tuple[str, ...]:
    """The names in a tuple of a family's file; none if the file has no such tuple."""
    text = (Path(__file__).parent / f"{name}.py").read_text()
    found = re.search(rf"^{constant} = (\(.*?\))$", text, re.M | re.S)
    return ast.literal_eval(found.group(1)) if found else ()


def check_architecture(arch: str) -> None:
    """Raise BadInput, with the nearest known name, if there is no architecture `arch`."""
    names = architectures()
    if arch.startswith(f"{TIMM}_") and not (names := module("models", TIMM).others()):
        raise BadInput(f"{arch}: a network of timm, which is not installed: pip install timm")
    if arch not in names:
        raise BadInput(f"pipeline/models: {unknown('architecture', arch, names)}")


def constructor(arch: str) -> Any:
    """The function (channels, classes) -> (features, head) that makes `arch`. Imports torch."""
    check_architecture(arch)
    return getattr(module("models", family(arch)), arch)
