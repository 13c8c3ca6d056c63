"""A lock that says who holds it: one process at a time, the others wait and say for whom.

The kernel frees it when its holder ends, however that happens, so that nobody waits for one that is gone. On a network file
system that holds for the whole network where it supports flock, as NFS 4 and Lustre (mounted with `flock`) do.
SAC_WAIT sets how many seconds to wait at most: a day, unless it is set; with 0 a run that would wait is refused.
"""

import errno
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from pipeline.core.errors import BadInput

DAY = 86_400
LOOK = 0.2
"""Seconds between two tries."""
SAY = 60
"""Seconds between two reminders of who is waited for."""


@contextmanager
def held(path: Path, doing: str, instead: str) -> Iterator[None]:
    """Hold the lock file `path`, which is made where it is missing. doing: for what, as others will be told. instead: what they
    may do rather than wait.

    Raises BadInput, naming the holder, if it is not free in time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        _wait(file, path, instead)
        about = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "doing": doing,
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        }
        _write(file, json.dumps(about))
        try:
            yield
        finally:
            _write(file, "")


def holder(path: Path) -> str:
    """Who holds the lock, in words."""
    try:
        about = json.loads(path.read_text())
        return f"process {about['pid']} on {about['host']}, {about['doing']} since {about['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has not said which"


def _wait(file: IO[str], path: Path, instead: str) -> None:
    began, most, said = time.monotonic(), _most(), -float(SAY)
    while not _taken(file, path, instead):
        waited = time.monotonic() - began
        if waited >= most:
            raise BadInput(
                f"{path}: held by {holder(path)}; waited {waited:.0f} s (SAC_WAIT): run this again when it has "
                f"ended, or {instead}"
            )
        if waited - said >= SAY:
            said = waited
            print(f"{path}: waiting for {holder(path)}", file=sys.stderr, flush=True)
        time.sleep(min(LOOK, most - waited))


def _taken(file: IO[str], path: Path, instead: str) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise BadInput(f"{path}: this file system has no locks (flock): {instead}, on one that has") from None
        raise
    return True


def _most() -> float:
    asked = os.environ.get("SAC_WAIT", str(DAY))
    if not asked.isdigit():
        raise BadInput(f"SAC_WAIT: expected a whole number of seconds, found {asked!r}")
    return float(asked)


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()
