"""The remote that travels with the repository, in DVC's layout, read without DVC: whose pointers could name any path.

    snapshots/TASK.dvc                   DVC's pointer: the MD5 sum of the listing, the number and the size of the files
    snapshots/remote/files/md5/AB/...    objects under their MD5 sums: files, and listings (.dir) of a snapshot's files

`dvc pull snapshots/TASK.dvc` brings a snapshot into the folder snapshots/TASK. Nothing here needs that folder.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from pipeline.core.errors import BadInput
from pipeline.core.files import write_bytes, write_text
from pipeline.core.lock import held
from pipeline.publish.untrusted import LARGEST, check_name, parse_json, read_plain

FOLDER = Path("snapshots")
REMOTE = FOLDER / "remote"
LOCK = FOLDER / ".lock"
MD5 = re.compile(r"[0-9a-f]{32}")
POINTER = "outs:\n- md5: {md5}.dir\n  size: {size}\n  nfiles: {count}\n  hash: md5\n  path: {task}\n"
NUMBERS = re.compile(r"- md5: ([0-9a-f]{32})\.dir\n  size: (\d{1,9})\n  nfiles: (\d{1,5})\n")
AGAIN = "git checkout -- snapshots brings back what was published"


def published() -> list[str]:
    """The tasks that have a snapshot, by name."""
    return sorted(check_name(pointer.stem, pointer) for pointer in FOLDER.glob("*.dvc"))


def store(task: str, files: dict[str, bytes]) -> None:
    """Write a snapshot's files, by their names in it, and its pointer; remove the objects that no snapshot names any more.

    One process at a time: another one's objects have no pointer until all of them are there.
    """
    with held(LOCK, f"publishing {task}", "publish from another clone"):
        listing = [{"md5": _put(data), "relpath": name} for name, data in sorted(files.items())]
        whole = _put(json.dumps(listing).encode(), ".dir")
        write_text(_pointer(task), POINTER.format(md5=whole, size=sum(map(len, files.values())), count=len(files), task=task))
        used = {object_file(md5) for name in published() for md5 in _named(name)}
        for file in (file for file in REMOTE.rglob("*") if file.is_file() and file not in used):
            file.unlink()


def fetch(task: str) -> dict[str, bytes]:
    """A snapshot's files by their names in it: the bytes that pointer and listing name, and not one file more or less.

    Raises BadInput, naming file and object, for whatever is missing, changed or too large.
    """
    whole, size, count = _read_pointer(task)
    entries = _entries(task, whole)
    files, total = {}, 0
    for name, md5 in entries.items():
        files[name] = _get(md5, f"{name} of {FOLDER / task}")
        total += len(files[name])
        if total > LARGEST:
            raise BadInput(f"{FOLDER / task}: more than {LARGEST:,} bytes")
    found = len(files)
    if (found, total) != (count, size):
        raise BadInput(f"{_pointer(task)}: says {count} files of {size:,} bytes, its listing has {found} of {total:,}: {AGAIN}")
    return files


def _read_pointer(task: str) -> tuple[str, int, int]:
    """The MD5 sum of the listing, the size and the number of the files. The pointer must be as DVC writes it, to the byte."""
    file = _pointer(task)
    text = read_plain(file, 1000).decode("utf-8", "replace")
    numbers = NUMBERS.search(text)
    expected = POINTER.format(md5=numbers[1], size=numbers[2], count=numbers[3], task=task) if numbers else ""
    if numbers is None or text != expected:
        lines = zip(text.split("\n"), expected.split("\n"), strict=False)
        place = next((at for at, (one, two) in enumerate(lines, start=1) if one != two), 1)
        raise BadInput(f"{file}: line {place}: not a pointer to snapshots/{task} as `sac publish` writes it: {AGAIN}")
    size = int(numbers[2])
    if size > LARGEST:
        raise BadInput(f"{file}: {size:,} bytes, expected at most {LARGEST:,}")
    return numbers[1], size, int(numbers[3])


def _entries(task: str, whole: str) -> dict[str, str]:
    """The MD5 sums in a snapshot's listing, by the names of its files."""
    where = f"the listing of {FOLDER / task}"
    raw = parse_json(_get(whole, where, ".dir"), where)
    entries = {}
    for entry in raw if isinstance(raw, list) else [None]:
        if not isinstance(entry, dict) or set(entry) != {"md5", "relpath"} or not MD5.fullmatch(str(entry["md5"])):
            raise BadInput(f"{where}: expected entries of an MD5 sum and a name, found {str(entry)[:80]}")
        entries[str(entry["relpath"])] = str(entry["md5"])
    return entries


def _named(task: str) -> Iterable[str]:
    """The objects that a snapshot consists of."""
    whole = _read_pointer(task)[0]
    return [f"{whole}.dir", *_entries(task, whole).values()]


def _put(data: bytes, ending: str = "") -> str:
    md5 = hashlib.md5(data).hexdigest()
    write_bytes(object_file(md5 + ending), data)
    return md5


def _get(md5: str, holds: str, ending: str = "") -> bytes:
    file = object_file(md5 + ending)
    if not file.exists() and not file.is_symlink():
        raise BadInput(f"{file}: missing from the remote; it holds {holds}: {AGAIN}")
    data = read_plain(file)
    if hashlib.md5(data).hexdigest() != md5:
        raise BadInput(f"{file}: not the bytes that its name says; it holds {holds}: {AGAIN}")
    return data


def _pointer(task: str) -> Path:
    return FOLDER / f"{task}.dvc"


def object_file(md5: str) -> Path:
    """Where the object of this MD5 sum lies."""
    return REMOTE / "files" / "md5" / md5[:2] / md5[2:]
