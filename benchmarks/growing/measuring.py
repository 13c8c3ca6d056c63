"""One point of a curve, measured in a process of its own, on one core."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil


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


def told(work: Callable[..., tuple[float, float] | None]) -> None:
    """What that process does: it prints seconds and peak memory, its own and what `work` says of the processes it started."""
    words = json.loads(sys.argv[1])
    began = time.process_time()
    seconds, memory = work(**words) or (0.0, 0.0)
    print(time.process_time() - began + seconds, peak() + memory)


def of_children() -> tuple[float, float]:
    """(core-seconds, sum of the largest memories in MB) of all processes below this one, as long as they run."""
    children = psutil.Process().children(recursive=True)
    used = [child.cpu_times() for child in children]
    return sum(times.user + times.system for times in used), sum(peak(child.pid) for child in children)


def peak(process: int | str = "self") -> float:
    """The largest memory of a process in MB. getrusage would count that of the process which started it, too."""
    found = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(found.split()[1]) / 1024
