"""The models that a folder of the zoo holds: who they are and where their files lie. Imports no torch."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open

from pipeline.core.errors import BadInput
from pipeline.core.seal import check_files, read_sealed


@dataclass(frozen=True)
class Suspect:
    """One model of a zoo. `variant` tells models of one run apart (a pruning ratio), else it is empty."""

    attack: str
    arch: str
    seed: int
    variant: str

    @property
    def name(self) -> str:
        """`prune-vgg_slim-0-0.20`: unique within a task, and the name of the model's file."""
        return "-".join(filter(None, (self.attack, self.arch, str(self.seed), self.variant)))


INDEX = "suspects.json"
"""The file that lists a folder of models."""


@dataclass(frozen=True)
class Index:
    """What a folder of models holds. `why`: the reason if it is empty. `stolen`: whether the source took part.

    files: the SHA-256 of every other file of the folder, by name. own_arch, copies and variants say how many suspects there
    are for given architectures and seeds.
    """

    attack: str
    domain: str
    stolen: bool
    own_arch: bool
    copies: int
    variants: int
    why: str | None
    suspects: list[Suspect]
    files: dict[str, str] = field(default_factory=dict)

    def asked_for(self, archs: int, seeds: int) -> int:
        """How many suspects a task of `archs` architectures and `seeds` seeds has."""
        return 0 if self.why else (1 if self.own_arch else archs) * seeds * self.copies * self.variants


def read_index(folder: Path, **expected: str) -> Index:
    """What a folder holds. Raises BadInput if a file is missing or damaged, or if it was made from something else than what
    is `expected`."""
    raw = read_sealed(folder / INDEX, **expected)
    try:
        index = TypeAdapter(Index).validate_python(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadInput(f"{folder / INDEX}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    check_files(folder, index.files, [*(f"{suspect.name}.safetensors" for suspect in index.suspects), *index.files])
    return index


def models_of(folder: Path, **expected: str) -> list[Path]:
    """The files of all models in a folder, once `read_index` has checked it."""
    return [folder / f"{suspect.name}.safetensors" for suspect in read_index(folder, **expected).suspects]


def first_of_each(folder: Path, **expected: str) -> list[Path]:
    """The files of the first model of each architecture in a folder, once `read_index` has checked it."""
    return [folder / f"{suspect.name}.safetensors" for suspect in read_index(folder, **expected).suspects if not suspect.seed]


def only_model(folder: Path, **expected: str) -> Path:
    """The file of the one model in a folder: the source's."""
    files = models_of(folder, **expected)
    if len(files) != 1:
        raise BadInput(f"{folder}: expected one model, found {len(files)}")
    return files[0]


def architecture_of(path: Path) -> str:
    """The architecture that a model file names. Reads no weights and imports no torch."""
    try:
        with safe_open(path, framework="np") as file:
            return str(json.loads(file.metadata()["sac"])["arch"])
    except FileNotFoundError:
        raise BadInput(f"{path}: no such model file; `dvc repro` makes it") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: not a model file of this pipeline ({error})") from None
