"""No process outlives the one that it works for, even if that one was killed while this one started."""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int | None = None) -> None:
    """End this process when its parent ends, so that kill -9 leaves no orphan that goes on writing (Linux).

    parent: the parent's process, if it is known. The signal is asked for first and the parent looked at then: one that died
    before has left this process to another parent, and no signal would ever come.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def die_with_dvc() -> None:
    """The same for a stage, whose parent is DVC: it is not told which process that is, but knows one that takes in orphans."""
    die_with_parent()
    if sys.platform == "linux" and _adopted():
        os.kill(os.getpid(), signal.SIGKILL)


def _adopted() -> bool:
    """Whether the parent is one that takes in orphans, init or a supervisor of another session, and not DVC."""
    parent = os.getppid()
    try:
        stranger = parent <= 1 or os.getsid(parent) != os.getsid(0)
        return stranger and b"dvc" not in Path(f"/proc/{parent}/cmdline").read_bytes()
    except OSError:  # it has just ended, and the signal is on its way
        return False
