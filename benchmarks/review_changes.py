"""Does review see every changed byte? Random single-byte changes of what is committed under reports/ and snapshots/.

    python benchmarks/review_changes.py --seed 0 --count 1000

Each change is made in a copy, one at a time: a file is drawn, a place in it, and another byte for that place. Everything is
recomputed once; each change is then judged by the parts of `sac review` that read the changed file: the sums, the pointer and
objects of a snapshot, and the comparison with what was recomputed. Caught means: a line names the file and a place in it.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from pipeline.core.errors import BadInput
from pipeline.publish.compare import Differences, compare_files
from pipeline.publish.remote import FOLDER, published
from pipeline.publish.review import Review, make_overview
from pipeline.publish.snapshot import read_snapshot
from pipeline.publish.sums import REPORTS, SUMS, check_file, covered, read_sums

PLACE = re.compile(r"(lines?|row|bytes) ")


@dataclass(frozen=True)
class Change:
    """One changed byte, and what review says: by the sums, and by what it recomputes or reads again."""

    file: Path
    place: int
    before: int
    after: int
    by_sums: list[str]
    by_reading: list[str]

    @property
    def caught(self) -> bool:
        """Whether a line names the file and a place in it."""
        return any(line.startswith(f"{self.file}: ") and PLACE.search(line) for line in (*self.by_sums, *self.by_reading))


def changes(seed: int, count: int) -> Iterator[Change]:
    """`count` changes of what is committed in the working folder, which stays as it is."""
    draw = np.random.default_rng(seed)
    with _copied() as scratch:
        files = [*covered(), SUMS]
        for _ in range(count):
            file = files[draw.integers(len(files))]
            yield _judged(file, int(draw.integers(file.stat().st_size)), int(draw.integers(1, 256)), scratch)


@contextmanager
def _copied() -> Iterator[Path]:
    """Inside, the working folder is a copy of what is committed; yields where all of it is made again."""
    home = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="sac-changes-") as folder:
        copy, scratch = Path(folder) / "copy", Path(folder) / "scratch"
        for name in (REPORTS, FOLDER):
            shutil.copytree(home / name, copy / name, ignore=shutil.ignore_patterns(*published()) if name == FOLDER else None)
        shutil.copyfile(home / "params.yaml", copy / "params.yaml")
        os.chdir(copy)
        try:
            for task in published():
                _no(Review(scratch)(task))
            make_overview(scratch)
            yield scratch
        finally:
            os.chdir(home)


def _no(found: Differences) -> None:
    if found.differences:
        raise BadInput(f"review fails without any change: {found.differences[0]}")


def _judged(file: Path, place: int, step: int, scratch: Path) -> Change:
    """One change, made, judged and undone."""
    whole = file.read_bytes()
    after = (whole[place] + step) % 256
    file.chmod(0o644)
    file.write_bytes(whole[:place] + bytes([after]) + whole[place + 1 :])
    try:
        return Change(file, place, whole[place], after, _by_sums(file), _by_reading(file, scratch))
    finally:
        file.write_bytes(whole)


def _by_sums(file: Path) -> list[str]:
    sums, result = read_sums()
    if str(file) in sums:
        result.add(check_file(file, sums[str(file)]))
    return result.differences


def _by_reading(file: Path, scratch: Path) -> list[str]:
    if file.is_relative_to(FOLDER):
        return [line for task in published() for line in _read(task)] if file.suffix in (".dvc", ".dir") else []
    made = scratch / file
    return compare_files(file, made).differences if made.exists() else []


def _read(task: str) -> list[str]:
    try:
        read_snapshot(task)
    except BadInput as error:
        return [str(error)]
    return []


@click.command()
@click.option("--seed", default=0, show_default=True)
@click.option("--count", default=1000, show_default=True)
def main(seed: int, count: int) -> None:
    """Print how many changes were caught, and those that were not."""
    found = list(changes(seed, count))
    for change in found:
        if not change.caught:
            click.echo(f"missed: {change.file}, byte {change.place}: {change.before:#04x} became {change.after:#04x}")
    caught = sum(change.caught for change in found)
    by_sums, by_reading = sum(bool(own.by_sums) for own in found), sum(bool(own.by_reading) for own in found)
    click.echo(
        f"{caught} of {count} single-byte changes caught (seed {seed}); {by_sums} by sums, {by_reading} by what is "
        "recomputed or read again"
    )


if __name__ == "__main__":
    main()
