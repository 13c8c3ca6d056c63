"""The stages of dvc.yaml: what each runs, and the items that its matrix gives it."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from pipeline.core.errors import BadInput
from pipeline.core.params import read
from pipeline.core.yaml_text import LOADER

FILE = "dvc.yaml"
PER_ITEM = ("attack", "family", "role")
"""Which key of a matrix, besides `task`, names a stage's item."""


@dataclass(frozen=True)
class Stage:
    """A stage: its name, the subcommand of `sac` that it calls, the items of its matrix besides the task (one None where it
    has none)."""

    name: str
    command: str
    items: tuple[str | None, ...]


def read_stages(file: Path = Path(FILE)) -> list[Stage]:
    """Every stage that calls `sac`, in the file's order."""
    try:
        stages = yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)["stages"]
    except FileNotFoundError:
        raise BadInput(f"no {file} in {Path.cwd()}: run this in the repository's root") from None
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: not a pipeline of DVC ({' '.join(str(error).split())[:200]})") from None
    return [
        Stage(name, stage["cmd"].split()[1], _items(stage.get("matrix", {})))
        for name, stage in stages.items()
        if stage["cmd"].split()[0] == "sac"
    ]


def _items(matrix: dict[str, list[str] | str]) -> tuple[str | None, ...]:
    for key in PER_ITEM:
        if key in matrix:
            values = matrix[key]
            return tuple(read(values[2:-1]) if isinstance(values, str) else values)
    return (None,)
