"""Which project files a Python file imports, found by reading and not by running it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


@cache
def parsed(file: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def imported(file: Path) -> frozenset[Path]:
    """The project's files that `file` imports by itself, anywhere in it, packages' __init__ included."""
    found: set[str] = set()
    for node in _statements(parsed(file)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return frozenset(path for name in found if name.split(".")[0] in ("pipeline", "stages") for path in _files(name))


def followed(file: Path) -> set[Path]:
    """Every project file that `file` imports, directly or through others."""
    seen: set[Path] = set()
    waiting = [file]
    while waiting:
        for path in imported(waiting.pop()) - seen:
            seen.add(path)
            waiting.append(path)
    return seen


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements below a node; imports are among them, and expressions, which are many, hold none."""
    for block in BLOCKS:
        for inner in getattr(node, block, ()):
            yield inner
            yield from _statements(inner)


@cache
def _files(name: str) -> tuple[Path, ...]:
    parts = name.split(".")
    homes = [ROOT.joinpath(*parts[:length]) for length in range(1, len(parts) + 1)]
    return tuple(path for home in homes for path in (home.with_suffix(".py"), home / "__init__.py") if path.exists())
