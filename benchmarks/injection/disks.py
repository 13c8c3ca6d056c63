"""Disks: a small one that fills up, and folders that cannot be written. Both are mounts, which take root."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.injection.judging import REFUSED, judge
from benchmarks.injection.world import Draw, Fault, World

WRITERS = ("score", "probes", "outputs", "report", "zoo", "source", "query_models")


def full(world: World, draw: Draw) -> Fault:
    """Let a stage write to a file system of a few kilobytes: its output, or the store too."""
    command = world.drawn(draw, WRITERS)
    kilobytes = 4 * (1 + int(400 * draw.share() ** 3))
    small = world.fresh() / "small"
    words, pairs = command.into(small, world.folder)
    store = {"SAC_ZOO": str(small / "zoo")} if draw.share() < 0.4 else {}
    with _mounted(small, f"size={kilobytes}k"):
        ended = world.run(words, None, **store)
        outcome = judge(ended, pairs)
        left = [path for path in small.rglob(".*") if path.is_file()]
    if outcome == REFUSED and left:
        return Fault(command.name, f"a disk of {kilobytes} KiB", "silent wrong", f"left {left[0].name}: {ended.said}")
    return Fault(command.name, f"a disk of {kilobytes} KiB{' for the store too' if store else ''}", outcome, ended.said)


def read_only(world: World, draw: Draw) -> Fault:
    """Let a stage write to a read-only file system."""
    command = world.drawn(draw, WRITERS)
    small = world.fresh() / "small"
    words, pairs = command.into(small, world.folder)
    with _mounted(small, "ro"):
        ended = world.run(words, None, **({"SAC_ZOO": str(small)} if draw.share() < 0.4 else {}))
        outcome = judge(ended, pairs)
    return Fault(command.name, "a read-only folder", outcome, ended.said)


def can_mount(folder: Path) -> bool:
    """Whether this process may mount a file system."""
    try:
        with _mounted(folder, "size=64k"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)
