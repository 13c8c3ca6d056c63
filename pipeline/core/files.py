"""Files that are there whole or not at all: written beside their place, then renamed into it."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.core.errors import BadInput


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A scratch path in `path`'s folder that takes `path`'s place when the block ends well, and vanishes when not."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {path.parent}: {error.strerror}") from None
    os.close(handle)
    try:
        yield Path(scratch)
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def regular(path: Path) -> Path:
    """`path`, unless something else than a file stands there: a pipe would be read for ever. BadInput then."""
    if path.exists() and not path.is_file():
        raise BadInput(f"{path}: not a regular file, expected one")
    return path


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` so that a reader sees the old file or the new one, never half of one."""
    with replacing(path) as scratch:
        scratch.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Like `write_bytes`, for UTF-8 text."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Indented JSON, one trailing newline."""
    write_text(path, json.dumps(value, indent=1) + "\n")


def read_json(path: Path) -> Any:
    """The value in a JSON file; BadInput if it is missing or broken."""
    try:
        return json.loads(Path(path).read_text())
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; `dvc repro` makes it") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not JSON ({error})") from None


def digest(*parts: bytes | str) -> str:
    """SHA-256 over length-prefixed parts, as hex: different splits of the same bytes differ.

    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()
