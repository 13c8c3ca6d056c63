"""Ways to spoil a file, each undone at the end of its block."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.injection.world import Draw

WAYS = ("flip", "flip", "flip", "truncate", "empty", "swap", "junk", "zeros", "delete", "folder", "pipe")


@contextmanager
def spoilt(file: Path, others: list[Path], draw: Draw) -> Iterator[str]:
    """Spoil `file` in a random way, and say how; `others` are files to swap it with."""
    aside = file.with_name(f"{file.name}.aside")
    mode = file.stat().st_mode
    os.replace(file, aside)
    try:
        yield spoil(file, aside.read_bytes(), [other for other in others if other != file], draw)
    finally:
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file)
        else:
            file.unlink(missing_ok=True)
        os.replace(aside, file)
        file.chmod(mode)


def spoil(file: Path, data: bytes, others: list[Path], draw: Draw, ways: tuple[str, ...] = WAYS) -> str:
    """Put a spoilt version of `data` where `file` is not any more, and say what was done."""
    way = draw.one(list(ways))
    twins = [other for other in others if other.suffix == file.suffix and other.read_bytes() != data]
    if way == "swap" and twins:
        other = draw.one(twins)
        shutil.copyfile(other, file)
        return f"swapped with {other.name}"
    if way == "folder":
        file.mkdir()
    elif way == "pipe":
        os.mkfifo(file)
    elif way != "delete":
        file.write_bytes(_bytes(way, data, draw))
    return {
        "swap": "one bit flipped",
        "flip": "one bit flipped",
        "pipe": "a named pipe instead",
        "folder": "a folder instead",
        "delete": "deleted",
    }.get(way, way)


def _bytes(way: str, data: bytes, draw: Draw) -> bytes:
    if way == "empty" or not data:
        return b""
    if way == "truncate":
        return data[: draw.below(len(data))]
    if way == "zeros":
        start = draw.below(len(data))
        return data[:start] + bytes(len(data) - start)
    if way == "junk":
        return bytes(draw.below(256) for _ in range(min(len(data), 4096)))
    place = draw.below(len(data))
    return data[:place] + bytes([data[place] ^ 1 << draw.below(8)]) + data[place + 1 :]
