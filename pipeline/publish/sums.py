"""reports/sums.txt: a sum of every committed file under reports/ and snapshots/, and of pieces of it.

Review rests on two things that need each other. A sum catches any changed byte of any file, also where nothing recomputes
it (the papers' values, notes, measured seconds, objects of the remote), but says nothing about numbers: whoever changes a
number may write the sum again. Recomputation catches a number that the stored answers do not give, but not what nothing
recomputes, and on another kind of machine not the last bits. So every file has a sum, and what can be recomputed is.

A line: the file's SHA-256 sum, its size, its name, the CRC-32 of each piece, and the CRC-32 of the line so far, which tells a
changed sum from a changed file. A file has at most PIECES pieces, so that a difference is named by its place.
"""

import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import BadInput
from pipeline.core.files import write_text
from pipeline.publish.compare import LARGEST, Differences
from pipeline.publish.remote import FOLDER, published
from pipeline.publish.untrusted import read_plain

REPORTS = Path("reports")
SUMS = REPORTS / "sums.txt"
PIECES, SMALLEST = 64, 128
"""The most pieces of a file, and the fewest bytes of a piece."""
LINE = re.compile(
    r"(?P<total>[0-9a-f]{64}) (?P<size>[0-9]{1,9}) (?P<name>[A-Za-z0-9_./-]{1,200}) (?P<pieces>[0-9a-f,]*) "
    r"(?P<check>[0-9a-f]{8})"
)
BINARY = ("", ".dir", ".parquet", ".png")
AGAIN = "git checkout brings it back; if it is meant, `sac sums` writes the sums again"


@dataclass(frozen=True)
class Sum:
    """What one line says of a file."""

    total: str
    size: int
    pieces: tuple[str, ...]


def write_sums() -> int:
    """Write the sums of all files that are published; returns how many there are."""
    lines = [_line(file, read_plain(file, LARGEST)) for file in covered()]
    write_text(SUMS, "".join(f"{line} {_crc(line.encode())}\n" for line in lines))
    return len(lines)


def covered() -> list[Path]:
    """What is published: all under reports/ but the folders of tasks without a snapshot, the pointers, and the remote."""
    tasks = set(published())
    reports = [file for file in _below(REPORTS) if file != SUMS and (file.parent == REPORTS or file.parts[1] in tasks)]
    return sorted([*reports, *FOLDER.glob("*.dvc"), *FOLDER.glob(".gitignore"), *_below(FOLDER / "remote")])


def uncovered(sums: dict[str, Sum]) -> list[Path]:
    """The files under reports/ that no sum covers, by name."""
    return [file for file in _below(REPORTS) if file != SUMS and str(file) not in sums]


def read_sums() -> tuple[dict[str, Sum], Differences]:
    """The sums by file, and every line of their own file that is not as it was written."""
    try:
        *lines, end = read_plain(SUMS, LARGEST).decode("utf-8", "replace").split("\n")
    except BadInput as error:
        raise BadInput(f"{error}: `sac sums` writes it") from None
    sums, wrong = {}, [f"{SUMS}: line {len(lines) + 1}: does not end as it was written: {AGAIN}"] if end else []
    for place, line in enumerate(lines, start=1):
        found = LINE.fullmatch(line)
        if not found or _crc(line.rpartition(" ")[0].encode()) != found["check"]:
            wrong.append(f"{SUMS}: line {place}: not as it was written: {AGAIN}")
        else:
            sums[found["name"]] = Sum(found["total"], int(found["size"]), tuple(found["pieces"].split(",")))
    return sums, Differences(0, wrong)


def check_file(file: Path, expected: Sum) -> Differences:
    """Compare one file with its sum. A difference says in which bytes, and lines of a text, it begins."""
    try:
        data = read_plain(file, LARGEST)
    except BadInput as error:
        return Differences(0, [f"{error}: {AGAIN}"])
    if len(data) == expected.size and hashlib.sha256(data).hexdigest() == expected.total:
        return Differences(0, [])
    return Differences(0, [f"{file}: {_place(file, data, expected)} not as published: {AGAIN}"])


def check_sums(sums: dict[str, Sum]) -> Differences:
    """Compare every file with its sum."""
    result = Differences(0, [])
    for name, expected in sums.items():
        if not name.startswith((f"{REPORTS}/", f"{FOLDER}/")) or ".." in Path(name).parts:
            result.add(Differences(0, [f"{SUMS}: names {name}, which is not under {REPORTS}/ or {FOLDER}/"]))
        else:
            result.add(check_file(Path(name), expected))
    return result


def _place(file: Path, data: bytes, expected: Sum) -> str:
    length = _length(expected.size)
    found = _pieces(data, length)
    first = next(
        (at for at, pair in enumerate(zip(found, expected.pieces, strict=False)) if pair[0] != pair[1]),
        min(len(found), len(expected.pieces)),
    )
    begin, end = first * length, min((first + 1) * length, max(len(data), 1))
    if begin >= len(data):
        return f"{len(data):,} bytes, {expected.size:,} published:"
    size = "" if len(data) == expected.size else f"{len(data):,} bytes, {expected.size:,} published, "
    if file.suffix in BINARY and file.name != ".gitignore":
        return f"{size}bytes {begin:,} to {end - 1:,}:"
    lines = data[:begin].count(b"\n") + 1, data[:end].count(b"\n") + 1
    return f"{size}lines {lines[0]} to {lines[1]}:"


def _line(file: Path, data: bytes) -> str:
    name = file.as_posix()
    if not LINE.fullmatch(f"{'0' * 64} 0 {name}  {'0' * 8}"):
        raise BadInput(f"{name!r}: files under {REPORTS}/ and {FOLDER}/ are named by letters, digits and . _ -")
    return f"{hashlib.sha256(data).hexdigest()} {len(data)} {name} {','.join(_pieces(data, _length(len(data))))}"


def _length(size: int) -> int:
    return max(SMALLEST, -(-size // PIECES))


def _pieces(data: bytes, length: int) -> list[str]:
    return [_crc(data[begin : begin + length]) for begin in range(0, len(data), length)]


def _crc(data: bytes) -> str:
    return f"{zlib.crc32(data):08x}"


def _below(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir())
