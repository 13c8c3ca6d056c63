"""One point of a curve, measured in a process of its own, on one core."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Point(NamedTuple):
    """A point of the curve of `what` against `axis`: its size there, what it was measured on, and what it took."""

    axis: str
    what: str
    size: int
    on: str
    seconds: float
    peak_mb: float


Points = Iterator[Point]


def alone(module: str, words: dict[str, Any]) -> tuple[float, float]:
    """(core-seconds, peak memory in MB) of `module`'s function `work` with these arguments, of that call alone."""
    code = f"from benchmarks.growing.measuring import told; from {module} import work; told(work)"
    settings = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "SAC_JOBS": "1", "SAC_ENGINE": "loky"}
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(words)], env=settings, stdout=subprocess.PIPE, text=True, check=True
    )
    seconds, memory = map(float, done.stdout.split()[-2:])
    return seconds, memory


def told(work: Callable[..., None]) -> None:
    """What that process does: it prints seconds and peak memory."""
    words = json.loads(sys.argv[1])
    began = time.process_time()
    work(**words)
    print(time.process_time() - began, peak())


def peak() -> float:
    """The largest memory of this process in MB. getrusage would count that of the process which started it, too."""
    found = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(found.split()[1]) / 1024
