"""Jobs in processes of this machine, one thread each. A worker owns its place, a card or a share of one, while it lives."""

import fcntl
import itertools
import os
import pickle
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

from pipeline.core import machine
from pipeline.core.errors import BadInput
from pipeline.core.orphans import die_with_parent

ALONE = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB")} | {
    "SAC_JOBS": "1",
    "SAC_ENGINE": "loky",
}
"""What is set in every worker: one thread, and jobs of jobs run in it, too."""
QUIET = "ignore:resource_tracker"
"""loky's helper process complains, after the error, of what a killed worker left; it clears that away."""
AHEAD = 2
"""Jobs in hand for each worker: one that runs, and one that waits for it."""


def run_in_processes(function: Callable[[Any], Any], jobs: Iterator[Any], workers: int, places: list[str]) -> Iterator[Any]:
    """function(job) for every job, in the order they end. places: the cards that workers own, one each; none on a CPU."""
    import cloudpickle
    from joblib.externals.loky.process_executor import ProcessPoolExecutor, TerminatedWorkerError

    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (os.environ.get("PYTHONWARNINGS"), QUIET)))
    with tempfile.TemporaryDirectory(prefix="sac-places-") as folder:
        begin = cloudpickle.dumps(function), places, Path(folder), os.getpid()
        pool = ProcessPoolExecutor(workers, initializer=_begin, initargs=begin, env=ALONE)
        try:
            yield from _results(pool, jobs, AHEAD * workers)
        except TerminatedWorkerError:
            raise BadInput(
                "a training process was killed (out of memory?); finished models are kept: run the same "
                "command again, with SAC_JOBS=1 if memory was short"
            ) from None
        finally:
            pool.shutdown(wait=True, kill_workers=True)


def _results(pool: Any, jobs: Iterator[Any], ahead: int) -> Iterator[Any]:
    running: set[Future[Any]] = set()
    while True:
        running |= {pool.submit(_work, job) for job in itertools.islice(jobs, ahead - len(running))}
        if not running:
            return
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=lambda one: one.exception() is not None):  # what ended well is not lost to an error
            yield future.result()


_function: Callable[[Any], Any]
_place: Any


def _begin(function: bytes, places: list[str], folder: Path, parent: int) -> None:
    """Make a worker of this process. The function is read last: it may import torch, which looks for cards then."""
    global _function, _place
    die_with_parent(parent)
    if places:
        card, _place = _free_place(places, folder)
        machine.claim(card)
    _function = pickle.loads(function)


def _work(job: Any) -> Any:
    return _function(job)


def _free_place(places: list[str], folder: Path) -> tuple[str, Any]:
    """A card that has room, and the locked file that says so: the kernel frees it when this process ends.

    There are no more workers than places, so that only one that takes over from another has to wait, until that has ended.
    """
    while True:
        for number, card in enumerate(places):
            lock = (folder / str(number)).open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return card, lock
            except BlockingIOError:
                lock.close()
        time.sleep(0.05)
