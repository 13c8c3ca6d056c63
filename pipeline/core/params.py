"""params.yaml: its only reader, and the form in which every section is typed.

A section's type lives beside the code that uses it; `read` finds the section by its dotted path and checks it. A key
that does not exist stops with the nearest one that does. A task with `like: OTHER` is that other task with its own keys on
top: sections within it are merged key by key, everything else takes the other's place.
"""

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from pipeline.core.errors import BadInput, unknown
from pipeline.core.yaml_text import load_yaml

FILE = "params.yaml"
TASKS = "task"
"""The section whose entries may say `like`."""
LIKE = "like"


def _printable(text: str) -> str:
    if not text.isprintable() or set(text) & set("<>|`\\"):
        raise ValueError("expected one line of printable characters, none of < > | ` and backslash")
    return text


NAME = r"^[a-z][a-z0-9_]*$"
Identifier = Annotated[str, StringConstraints(pattern=NAME, max_length=60)]
"""What names a file, a folder, a stage and a value in a column at once, and stands in commands."""
Title = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(_printable)]
"""What stands in tables and pages for people to read."""
Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""What a draw begins from."""


class Parameters(BaseModel):
    """A frozen record whose unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        for key in value if isinstance(value, dict) else ():
            if key not in cls.model_fields:
                raise ValueError(unknown("key", str(key), cls.model_fields))
        return value


def read(path: str, kind: Any = Any, file: Path | None = None) -> Any:
    """The value at a dotted path of params.yaml (the working folder's unless `file` is given) as a `kind`; all of it at ""."""
    value = _load(*_identity(file or Path(FILE)))
    place: list[str] = []
    for key in path.split(".") if path else ():
        if not isinstance(value, dict) or key not in value:
            keys = value if isinstance(value, dict) else ()
            where = ".".join(place) or "the file"
            raise BadInput(f"{FILE}: {where} has no such entry: {unknown('name', key, keys)}")
        value = value[key]
        place.append(key)
    return typed(value, kind, path)


def typed(value: Any, kind: Any, path: str) -> Any:
    """A value of params.yaml, from `path`, as a `kind`."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise BadInput(f"{FILE}: {_first(path, error)}") from None


def merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`base` with `change` on top: sections are merged key by key, everything else takes the other's place."""
    both = {
        key: (base[key], value) for key, value in change.items() if isinstance(value, dict) and isinstance(base.get(key), dict)
    }
    return base | change | {key: merged(*pair) for key, pair in both.items()}


def _first(path: str, error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    first = problems[0]
    place = ".".join([path, *(part if (part := str(inner)).isprintable() else repr(part) for inner in first["loc"])])
    found = "" if first["type"] in ("missing", "value_error") else f", found {_short(first['input'])}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{place}: {first['msg'].removeprefix('Value error, ')}{found}{more}"


def _short(value: Any) -> str:
    shown = "null" if value is None else repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _identity(file: Path) -> tuple[str, int, int]:
    try:
        about = os.stat(file)
    except FileNotFoundError:
        raise BadInput(f"no {file} in {Path.cwd()}: run this in the repository's root") from None
    return str(Path(file).absolute()), about.st_mtime_ns, about.st_size


@cache
def _load(file: str, _changed: int, _size: int) -> dict[str, Any]:
    value = load_yaml(Path(file))
    if not isinstance(value, dict):
        raise BadInput(f"{FILE}: expected sections, found {type(value).__name__}")
    if isinstance(tasks := value.get(TASKS), dict):
        value[TASKS] = {name: _whole(name, tasks, ()) for name in tasks}
    return value


def _whole(name: str, tasks: dict[str, Any], asked_by: tuple[str, ...]) -> Any:
    """The task `name` with all that it has from the one it is like."""
    own, where = tasks[name], f"{FILE}: {TASKS}.{name}.{LIKE}"
    if not isinstance(own, dict) or LIKE not in own:
        return own
    other = own[LIKE]
    if other in (name, *asked_by):
        raise BadInput(f"{where}: {' is like '.join((*asked_by, name, other))}: a circle")
    if other not in tasks:
        raise BadInput(f"{where}: {unknown('task', str(other), tasks)}")
    base = _whole(other, tasks, (*asked_by, name))
    return merged(base if isinstance(base, dict) else {}, {key: value for key, value in own.items() if key != LIKE})
