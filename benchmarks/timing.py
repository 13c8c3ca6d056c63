"""How long a program takes: seconds by the clock, and seconds of all cores that it and its children used."""

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """A program that ended: its exit status, seconds by the clock, core-seconds, and what it printed."""

    code: int
    seconds: float
    core_seconds: float
    output: str


def run(command: list[str]) -> Ran:
    """Run `command` on one thread a process, with this Python's programs in front. What it says of errors is shown."""
    first = str(Path(sys.executable).parent)
    settings = os.environ | {"PATH": f"{first}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    before, began = _used(), time.perf_counter()
    done = subprocess.run(command, env=settings, stdout=subprocess.PIPE, text=True, check=False)
    return Ran(done.returncode, time.perf_counter() - began, _used() - before, done.stdout)


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime
