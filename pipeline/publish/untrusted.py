"""Reading what a stranger wrote: only plain files, of bounded size and depth, and names that can be nothing but names.

Whatever else is found ends in one line that names the file.
"""

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

from pipeline.core.errors import BadInput

NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
"""What may name a task, an attack or a family of probes: no path, no option and no word of a shell."""
LARGEST = 8_000_000
DEEPEST = 16


def check_name(name: str, where: object) -> str:
    """`name` if it is an identifier."""
    if not NAME.fullmatch(name):
        raise BadInput(f"{where}: {name[:60]!r} is no name: expected small letters, digits and _, a letter first")
    return name


def read_plain(file: Path, most: int = LARGEST) -> bytes:
    """The bytes of a regular file of at most `most` bytes that no link leads to. `file` is relative to the working folder."""
    for folder in file.parents:
        if folder.is_symlink():
            raise BadInput(f"{folder}: a link, expected a folder")
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        found = "a link, expected a file" if file.is_symlink() else error.strerror
        raise BadInput(f"{file}: {found}") from None
    with os.fdopen(handle, "rb") as opened:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise BadInput(f"{file}: expected a plain file, found a folder, a pipe or a device")
        if about.st_size > most:
            raise BadInput(f"{file}: {about.st_size:,} bytes, expected at most {most:,}")
        return opened.read(most)


def parse_json(data: bytes, where: object) -> Any:
    """What JSON in UTF-8 holds, nested at most DEEPEST deep."""
    depth, inside, escaped = 0, False, False
    for byte in data:
        if inside:
            inside, escaped = escaped or byte != 0x22, not escaped and byte == 0x5C
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            if depth > DEEPEST:
                raise BadInput(f"{where}: nested more than {DEEPEST} deep")
        elif byte in b"]}":
            depth -= 1
    try:
        return json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise BadInput(f"{where}: not JSON ({str(error)[:120]})") from None
