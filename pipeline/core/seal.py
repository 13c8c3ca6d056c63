"""Seals: every file that a stage writes says what it was made from, and whether its bytes are still those that were written.

A seal is a piece of text in the file's own metadata (a field of JSON, the metadata of safetensors and of Parquet):
`sac-seal SHA-256 task=TASK source=SHA-256 ...;`. The sum is over all bytes of the file with zeros in its own place, so
every flipped bit is found whatever the format, and the same content gives the same bytes. A seal finds damage and files
that were mixed up; it is no signature, anybody can write one.
"""

import hashlib
import json
import mmap
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.errors import BadInput
from pipeline.core.files import write_bytes

Origin = dict[str, str]
"""What a file was made from: a task's name, the SHA-256 of a source or of probes."""

MARK = b"sac-seal "
DIGITS = 64
FORM = re.compile(rb"sac-seal ([0-9a-f]{64})((?: [a-z][a-z0-9_/]*=[A-Za-z0-9_./-]*)*);")
LONGEST = 16_384
ANEW = "`sac repair` clears what is damaged, then `dvc repro` makes it anew"


@dataclass(frozen=True)
class Seal:
    """What a file's seal says: the SHA-256 of its bytes, and what it was made from."""

    digest: str
    of: Origin


def stamp(of: Origin) -> str:
    """The text for a file's metadata that `seal` completes."""
    return f"{MARK.decode()}{'0' * DIGITS}{''.join(f' {name}={value}' for name, value in of.items())};"


def seal(data: bytes) -> bytes:
    """The bytes of a file that holds a `stamp`, with its sum filled in."""
    start = _start(data)
    return data[:start] + hashlib.sha256(data).hexdigest().encode() + data[start + DIGITS :]


def seal_file(path: Path) -> None:
    """Like `seal`, for a file that may be larger than memory."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        start = _start(data)
        data[start : start + DIGITS] = hashlib.sha256(data).hexdigest().encode()


def verify(path: Path, **expected: str) -> Seal:
    """The seal of a file, once its bytes are what it says and it was made from what is `expected`.

    Raises BadInput if the file is missing, damaged, not sealed, or made from something else.
    """
    if not path.is_file():
        raise BadInput(f"{path}: {'not a file' if path.exists() else 'no such file; `dvc repro` makes it'}")
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise BadInput(f"{path}: damaged: it is empty; {ANEW}")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = _read(path, data)
    for name, value in expected.items():
        if found.of.get(name) != value:
            raise BadInput(
                f"{path}: a file of {name} {short(found.of.get(name))}, expected {short(value)}: it was swapped, or "
                "is older than what it is read with; `dvc repro` makes it anew"
            )
    return found


def agreed(seals: dict[Path, Seal], name: str) -> str:
    """What all files say about `name`; BadInput, naming two of them, if they differ."""
    first, *others = seals
    for path in others:
        if seals[path].of.get(name) != seals[first].of.get(name):
            raise BadInput(
                f"{path}: a file of {name} {short(seals[path].of.get(name))}, but {first} is of "
                f"{short(seals[first].of.get(name))}: they belong to two runs; `dvc repro` makes them anew"
            )
    return seals[first].of.get(name, "")


def write_sealed(path: Path, value: dict[str, Any], of: Origin) -> None:
    """Indented JSON of `value` with its seal as the first field."""
    write_bytes(path, seal((json.dumps({"seal": stamp(of), **value}, indent=1) + "\n").encode()))


def read_sealed(path: Path, **expected: str) -> dict[str, Any]:
    """What `write_sealed` wrote, without the seal. Raises BadInput like `verify`."""
    verify(path, **expected)
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not JSON ({str(error)[:80]})") from None
    if not isinstance(value, dict):
        raise BadInput(f"{path}: expected an object, found {type(value).__name__}")
    value.pop("seal", None)
    return value


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as sha256sum gives it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_files(folder: Path, sums: dict[str, str], names: Iterable[str] | None = None) -> None:
    """Raise BadInput, naming the file, unless the files of a folder (those of `names`) have the SHA-256 of `sums`."""
    for name in sums if names is None else names:
        file = folder / name
        if name not in sums or Path(name).name != name:
            raise BadInput(f"{file}: not a file that the folder lists; {ANEW}")
        if not file.is_file():
            raise BadInput(f"{folder}: {name} is missing; `dvc checkout` or `dvc repro` brings it back")
        if file_digest(file) != sums[name]:
            raise BadInput(f"{file}: damaged or swapped: not the bytes that its folder lists; {ANEW}")


def short(value: str | None) -> str:
    """A sum or a name as people read it."""
    return "none" if not value else value[:12] if len(value) == DIGITS else value


def _read(path: Path, data: mmap.mmap) -> Seal:
    start = _place(data)
    found = FORM.match(data[start : start + LONGEST]) if start >= 0 else None
    if not found:
        raise BadInput(f"{path}: damaged, or not written by a stage of this version: it has no seal; {ANEW}")
    start += len(MARK)
    total = hashlib.sha256()
    with memoryview(data) as view:
        for part in (view[:start], b"0" * DIGITS, view[start + DIGITS :]):
            total.update(part)
            if isinstance(part, memoryview):
                part.release()
    if total.hexdigest() != found[1].decode():
        raise BadInput(f"{path}: damaged: its bytes are not those that were written; {ANEW}")
    pairs = (pair.partition("=") for pair in found[2].decode().split())
    return Seal(found[1].decode(), {name: value for name, _, value in pairs})


def _start(data: bytes | mmap.mmap) -> int:
    place = _place(data)
    if place < 0 or not FORM.match(data[place : place + LONGEST]):
        raise ValueError("nothing to seal: the bytes hold no stamp")
    return place + len(MARK)


def _place(data: bytes | mmap.mmap) -> int:
    """Where the seal begins: at the head of JSON and safetensors, else at the tail of Parquet; -1 if there is none."""
    head = data.find(MARK, 0, LONGEST)
    return head if head >= 0 else data.rfind(MARK)
