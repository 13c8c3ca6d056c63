"""The workers of one run on a Ray cluster: who has which job, and what becomes of the jobs of those that die.

A worker is an actor, which Ray places where there is room: one core, and a share of a card if SAC_GPU_SHARE asks for one. It
takes the function from the object store, from where each node fetches it once, and the next job when it is free.
"""

import pickle
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline.core import machine
from pipeline.core.errors import BadInput
from pipeline.core.executor import cluster

LIVES = 4
"""How often a job may be begun: a job whose worker dies goes to another node, three times."""
FAILURES = 10
"""How many workers may end one after another before they have begun."""
TICK = 1.0
"""Seconds between looks at which nodes there are."""


def run_on_nodes(function: Callable[[Any], Any], jobs: Iterator[Any], most: int) -> Iterator[Any]:
    """function(job) for every job, in the order they end. most: workers at once.

    Raises BadInput at once if no node can hold a worker, and when a job has lost LIVES workers. However this ends, its
    workers end with it, and nobody else's.
    """
    import cloudpickle

    crew = Crew(cloudpickle.dumps(function), jobs, most)
    try:
        yield from crew.results()
    finally:
        crew.dismiss()


class Worker:
    """What runs on a node; Ray makes an actor of it."""

    def begin(self, function: list[Any]) -> tuple[str, str]:
        """Take the function from the object store. Returns the node and the kind of machine."""
        import ray

        self.function = pickle.loads(ray.get(function[0]))
        return ray.get_runtime_context().get_node_id(), machine.kind()

    def work(self, job: Any) -> Any:
        """One job."""
        return self.function(job)


@dataclass(eq=False)
class Task:
    """A job that is not done: how often it was begun, and on which nodes its worker died."""

    job: Any
    begun: int = 0
    avoid: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Hired:
    """A worker and the node that it is on."""

    actor: Any
    node: str


class Crew:
    """The workers of one run, and the jobs that they have."""

    def __init__(self, function: bytes, jobs: Iterator[Any], most: int):
        self.ray, self.kind = cluster.joined(), cluster.kind_of_nodes()
        self.function, self.most = self.ray.put(function), most
        self.jobs, self.over = jobs, False
        self.starting: dict[Any, Any] = {}
        self.idle: list[Hired] = []
        self.busy: dict[Any, tuple[Hired, Task]] = {}
        self.again: deque[Task] = deque()
        self.unwanted: set[str] = set()
        self.alive: set[str] = set()
        self.failures, self.looked = 0, -TICK

    def results(self) -> Iterator[Any]:
        """The results of all jobs, as they come."""
        while True:
            self._assign()
            if self.over and not self.again and not self.busy:
                return
            if self.again or not self.over:
                self._hire()
            for reference in self._ended():
                if reference in self.starting:
                    self._welcome(reference)
                else:
                    yield from self._take(reference)

    def dismiss(self) -> None:
        """End all workers."""
        for actor in [*self.starting.values(), *(hired.actor for hired in self._begun())]:
            self.ray.kill(actor)

    def _begun(self) -> list[Hired]:
        return [*self.idle, *(hired for hired, _ in self.busy.values())]

    def _ended(self) -> list[Any]:
        references = [*self.busy, *self.starting]
        if not references:
            time.sleep(TICK)
            return []
        ended, _ = self.ray.wait(references, num_returns=1, timeout=TICK)
        return list(ended)

    def _assign(self) -> None:
        """Give every idle worker a job."""
        for hired in list(self.idle):
            task = self._task_for(hired)
            if task is not None:
                self.idle.remove(hired)
                task.begun += 1
                self.busy[hired.actor.work.remote(task.job)] = hired, task

    def _task_for(self, hired: Hired) -> Task | None:
        """What a worker does next: first of all what others lost, but nothing that was lost on its node if there are others."""
        for task in self.again:
            if hired.node not in task.avoid or not (self.starting or {one.node for one in self._begun()} - task.avoid):
                self.again.remove(task)
                return task
        for job in self.jobs:
            return Task(job)
        self.over = True
        return None

    def _hire(self) -> None:
        """As many workers as there is room for, on nodes that have joined meanwhile, too."""
        if time.monotonic() - self.looked < TICK:
            return
        self.looked = time.monotonic()
        nodes = {node["NodeID"]: node for node in cluster.fitting() if node["NodeID"] not in self.unwanted}
        if not nodes and not self.busy:
            raise BadInput(
                "no node of the Ray cluster is left that can begin a job; finished models are kept: see `ray "
                "status`, then run the same command again"
            )
        if set(nodes) != self.alive:  # what waits for a node that is gone would wait for ever
            for actor in self.starting.values():
                self.ray.kill(actor)
            self.starting, self.alive = {}, set(nodes)
        avoid = self.unwanted | (self.again[0].avoid if self.again else set())
        avoid = avoid if self.alive - avoid else self.unwanted
        room = sum(cluster.room(node) for node in nodes.values())
        for _ in range(min(self.most, room) - len(self.starting) - len(self._begun())):
            actor = cluster.actor(Worker, avoid)
            self.starting[actor.begin.remote([self.function])] = actor

    def _welcome(self, reference: Any) -> None:
        """A worker that has begun is idle; one that could not leaves, and one on another kind of machine is not wanted."""
        actor = self.starting.pop(reference)
        try:
            node, kind = self.ray.get(reference)
        except self.ray.exceptions.RayTaskError as error:
            raise cluster.cannot_begin(error) from None
        except self.ray.exceptions.RayError as error:
            self.failures += 1
            if self.failures == FAILURES:
                raise BadInput(
                    f"{FAILURES} workers ended before they began ({cluster.line(error)}); finished models are kept: "
                    "`ray logs` says more"
                ) from None
            return
        self.failures = 0
        if kind == self.kind:
            self.idle.append(Hired(actor, node))
            return
        self.unwanted.add(node)
        self.ray.kill(actor)
        _say(f"the Ray node {cluster.address(node)} is left out: {kind}, where this run is on {self.kind}")

    def _take(self, reference: Any) -> Iterator[Any]:
        """A result; or, of a worker that died, its job for another one."""
        hired, task = self.busy.pop(reference)
        try:
            result = self.ray.get(reference)
        except self.ray.exceptions.RayTaskError as error:
            self.idle.append(hired)
            raise (error.cause if isinstance(error.cause, BadInput) else error) from None
        except self.ray.exceptions.RayError as error:
            self.ray.kill(hired.actor)
            task.avoid.add(hired.node)
            where = cluster.address(hired.node)
            if task.begun == LIVES:
                raise BadInput(
                    f"a job lost its worker {LIVES} times, the last time on the Ray node {where} "
                    f"({cluster.line(error)}); finished models are kept: `ray logs` says more"
                ) from None
            _say(f"a job lost its worker on the Ray node {where} and goes to another one ({task.begun} of {LIVES})")
            self.again.append(task)
            return
        self.idle.append(hired)
        yield result


def _say(words: str) -> None:
    print(words, file=sys.stderr)
