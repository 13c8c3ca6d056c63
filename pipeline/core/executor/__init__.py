"""Run one function over many jobs: in this process, in several on this machine, or on the nodes of a Ray cluster.

SAC_ENGINE=ray with RAY_ADDRESS asks for the cluster. SAC_JOBS sets how many jobs run at once (default: one a core, or as many
as the GPUs have room for). Neither changes a result, so neither is a parameter of the pipeline. A job is a value and so is
its result: where it runs, no file of this machine is there.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from pipeline.core import machine
from pipeline.core.errors import BadInput, unknown
from pipeline.core.executor.local import run_in_processes
from pipeline.core.whole import whole

ENGINES = ("loky", "ray")


def run_all(
    function: Callable[[Any], Any], jobs: Iterable[Any], label: str, total: int | None = None, here: bool = False
) -> Iterator[Any]:
    """function(job) for every job, in the order they end; a progress bar on a terminal. One job runs right here.

    function: travels once to each worker, with all that it holds. jobs: taken when there is a worker for them, so that a
    generator never has all of them in memory; total: how many, unless that can be told. here: on this machine alone, for
    jobs that are about its files.

    Raises BadInput when a process dies, and what a cluster does not mend: what had ended by then was yielded.
    """
    count = total if total is not None else len(jobs) if isinstance(jobs, Sized) else len(jobs := list(jobs))
    bar = tqdm(total=count, desc=label, disable=not sys.stderr.isatty() or not count)
    with bar:
        for result in _parallel(function, iter(jobs), count, here):
            bar.update()
            yield result


def run_in_order(function: Callable[[Any], Any], jobs: Iterable[Any], label: str, total: int | None = None) -> Iterator[Any]:
    """Like `run_all`, in the order of the jobs: a result waits until all before it have been yielded."""
    count = total if total is not None else len(jobs := list(jobs))
    waiting: dict[int, Any] = {}
    due = 0
    for place, result in run_all(_Numbered(function), enumerate(jobs), label, count):
        waiting[place] = result
        while due in waiting:
            yield waiting.pop(due)
            due += 1


@dataclass(frozen=True)
class _Numbered:
    function: Callable[[Any], Any]

    def __call__(self, job: tuple[int, Any]) -> tuple[int, Any]:
        return job[0], self.function(job[1])


def kind() -> str:
    """The kind of machine that jobs run on: results are the same bytes on all machines of a kind."""
    if _engine() == "ray":
        from pipeline.core.executor.cluster import kind_of_nodes

        return kind_of_nodes()
    return machine.kind()


def _parallel(function: Callable[[Any], Any], jobs: Iterator[Any], count: int, here: bool) -> Iterator[Any]:
    engine, most = _engine(), _asked()
    if engine == "ray" and not here and count:
        from pipeline.core.executor.crew import run_on_nodes

        yield from run_on_nodes(function, jobs, min(count, most or count))
        return
    places = machine.places()
    room = len(places) or len(os.sched_getaffinity(0))
    workers = min(min(most or room, room) if places else most or room, count)
    if workers <= 1:
        yield from map(function, jobs)
    else:
        yield from run_in_processes(function, jobs, workers, places)


def _engine() -> str:
    engine = os.environ.get("SAC_ENGINE", "loky")
    if engine not in ENGINES:
        raise BadInput(f"SAC_ENGINE: {unknown('engine', engine, ENGINES)}")
    return engine


def _asked() -> int | None:
    """How many jobs shall run at once, if SAC_JOBS says so."""
    asked = os.environ.get("SAC_JOBS", "")
    jobs = whole(asked)
    if asked and not jobs:
        raise BadInput(f"SAC_JOBS: expected a whole number of at least 1, found {asked!r}")
    return jobs
