"""The name is the module: what a name in params.yaml stands for is the file of that name, and what it must define."""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from pipeline.core.errors import BadInput, unknown

ROOMS = Path(__file__).parent.parent

DEFINES = {
    "attacks": "class Attack(",
    "data": "def load(",
    "fingerprints": "class Comparison(",
    "models": "ARCHITECTURES = ",
    "people": "def load(",
    "probes": "class Family(",
}


@cache
def known(package: str) -> tuple[str, ...]:
    """Every name of pipeline/`package`: its files that define what such a module must. Imports none of them."""
    marker = f"\n{DEFINES[package]}"
    files = (ROOMS / package).glob("[!_]*.py")
    return tuple(sorted(file.stem for file in files if marker in file.read_text()))


def module(package: str, name: str) -> ModuleType:
    """The module pipeline.`package`.`name`; BadInput, with the nearest known name, if there is none."""
    if name not in known(package):
        raise BadInput(f"pipeline/{package}: {unknown('name', name, known(package))}")
    return import_module(f"pipeline.{package}.{name}")
