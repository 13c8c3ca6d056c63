"""The code that shapes each stage's result, as lists of files with their SHA-256 sums.

DVC follows no imports. Stage `check` depends on all code and writes these lists; every other stage depends on its own list,
and so runs again when, and only when, a file on it changed. A list cannot be out of date: `check` runs whenever any code
changes, a stage compares its list with the files before it starts, and with what was loaded when it ends.
"""

import ast
import hashlib
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pipeline.core.errors import BadInput
from pipeline.core.files import write_text
from pipeline.core.names import known
from pipeline.wiring.imports import ROOT, followed, parsed
from pipeline.wiring.stages import Stage

PACKAGE = ROOT / "pipeline"
BY_NAME = {
    "split": ("data", "people"),
    "source": ("models",),
    "query_models": ("models",),
    "zoo": ("models",),
    "probes": ("models",),
    "outputs": ("models",),
    "score": ("fingerprints",),
    "references": ("fingerprints",),
    "report": ("fingerprints",),
}
"""The rooms whose every file a command may load by a name from params.yaml."""
BESIDES = {"data": ("class_folders",)}
"""What is loaded from such a room where params.yaml names none of its files."""
BY_ITEM = {"zoo": "attacks", "probes": "probes"}
"""The room in which a command's second argument names a file."""
COMMON = "cli.py"
"""What starts every command shapes no result."""


def code_of(command: str, item: str | None) -> list[Path]:
    """The project's files, below ROOT and by name, that shape what `sac COMMAND TASK ITEM` makes."""
    begin = {ROOT / "stages" / f"{command}.py"}
    for room in BY_NAME.get(command, ()):
        begin |= {PACKAGE / room / f"{name}.py" for name in (*known(room), *BESIDES.get(room, ()))}
    if item and command in BY_ITEM:
        begin.add(PACKAGE / BY_ITEM[command] / f"{item}.py")
    found = begin.union(*(followed(file) for file in begin))
    rooms = {PACKAGE / room for room in BY_NAME.get(command, ())}
    beside = {path for home in {path.parent for path in found} for path in _resources(home, whole=home in rooms)}
    return sorted(path.relative_to(ROOT) for path in {*filter(_does_something, found), *beside})


def list_file(stage: str, item: str | None) -> Path:
    """Where a stage's list lies, below the folder of all lists."""
    return Path(stage, f"{item}.sha256") if item else Path(f"{stage}.sha256")


def write_lists(stages: Iterable[Stage], folder: Path) -> None:
    """Write the list of every stage, one for each item that names a file of its own."""
    for stage in stages:
        if stage.command not in BY_NAME:
            continue
        for item in stage.items if stage.command in BY_ITEM else [None]:
            lines = [f"{_sum(ROOT / path)}  {path}\n" for path in code_of(stage.command, item)]
            write_text(folder / list_file(stage.name, item), "".join(lines))


def check_code(file: Path) -> None:
    """Raise BadInput unless the files on the list `file` are those of now."""
    for path, total in _read(file).items():
        if not (ROOT / path).exists() or _sum(ROOT / path) != total:
            raise BadInput(
                f"{path}: changed since the stage `check` listed it in {file}: run `dvc repro` without "
                "--single-item or --downstream"
            )


def check_loaded(file: Path) -> None:
    """Raise BadInput if a file of pipeline/ was loaded that is not on the list `file`."""
    listed, common = _read(file), followed(ROOT / "stages" / COMMON)
    for module in list(sys.modules.values()):
        path = Path(getattr(module, "__file__", None) or "/")
        if not path.is_relative_to(PACKAGE) or path in common or str(path.relative_to(ROOT)) in listed:
            continue
        if _does_something(path):
            raise BadInput(
                f"{path.relative_to(ROOT)}: loaded, and not in {file}: the stage would not run again when it "
                "changes: name its room in BY_NAME of pipeline/wiring/code.py"
            )


def _read(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise BadInput(f"{file}: no such file; the stage `check` writes it: run `dvc repro`") from None
    return {path: total for total, _, path in (line.partition("  ") for line in lines)}


@cache
def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _resources(home: Path, whole: bool) -> list[Path]:
    """What lies in a room besides code: templates, style sheets; in a `whole` one, its folders' too: embedded images."""
    inside = home.rglob("*") if whole else home.iterdir()
    return [path for path in inside if path.suffix not in (".py", ".pyc") and path.is_file()]


@cache
def _does_something(path: Path) -> bool:
    """Whether a file holds more than sentences, as most __init__.py do not."""
    return any(not isinstance(node, ast.Expr) for node in parsed(path).body)
