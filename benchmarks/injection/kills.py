"""Kills at random moments, of a stage or of one of its workers, and two runs at once: the same bytes must come out."""

import os
import signal
import time
from contextlib import suppress

from benchmarks.injection.judging import HANG, RECOVERED, REFUSED, TRACEBACK, WRONG, is_one_line, judge
from benchmarks.injection.world import Command, Draw, Fault, World, survivors

KILLED = ("zoo", "zoo", "zoo", "source", "query_models", "second_zoo", "probes", "outputs", "score", "report")
LONGEST = 3.0


def kill(world: World, draw: Draw) -> Fault:
    """Kill a stage after a random time, look for orphans, and run it again on what it left."""
    command = world.drawn(draw, KILLED)
    words, pairs = command.into(world.fresh(), world.folder)
    store, after = str(world.scratch / "zoo"), LONGEST * draw.share() ** 2
    child = world.start(words, SAC_ZOO=store)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    world.wait(child)
    orphans = _left(child)
    ended = world.run(words, SAC_ZOO=store)
    outcome = HANG if orphans else judge(ended, pairs)
    return Fault(command.name, f"killed after {after:.2f} s and run again", outcome, ended.said)


def worker(world: World, draw: Draw) -> Fault:
    """Kill one process of a zoo that trains in two, or the one that drives them; then run it again in one."""
    command = world.drawn(draw, ("zoo",))
    words, pairs = command.into(world.fresh(), world.folder)
    store, at_driver = str(world.scratch / "zoo"), draw.share() < 0.5
    child = world.start(words, SAC_ZOO=store, SAC_JOBS="2")
    deadline = time.monotonic() + 20
    while len(own := survivors(child)) < 2 and time.monotonic() < deadline and own:
        time.sleep(0.02)
    time.sleep(4 * draw.share())
    victim = draw.one([child] if at_driver else [one for one in survivors(child) if one != child] or [child])
    _kill(victim)
    driver = victim == child
    first = world.wait(child)
    orphans = _left(child)
    ended = world.run(words, SAC_ZOO=store)
    told = driver or first.code == 0 or is_one_line(first)
    outcome = HANG if orphans or first.code is None else TRACEBACK if not told else judge(ended, pairs)
    return Fault(command.name, f"{'the driver' if driver else 'a worker'} killed, run again", outcome, first.said + ended.said)


def two_runs(world: World, draw: Draw) -> Fault:
    """Start the same stage twice on one store, at once or shortly after another."""
    command = world.drawn(draw, ("zoo", "source", "query_models"))
    return _both(world, draw, (command, command), "two runs")


def two_clones(world: World, draw: Draw) -> Fault:
    """Start two stages that train, of two clones, on one store."""
    return _both(world, draw, (world.drawn(draw, ("zoo",)), world.drawn(draw, ("zoo", "query_models"))), "two clones")


def _both(world: World, draw: Draw, commands: tuple[Command, Command], what: str) -> Fault:
    places, store = world.fresh(), str(world.scratch / "zoo")
    started = []
    for number, command in enumerate(commands):
        words, pairs = command.into(places / str(number), world.folder)
        started.append((world.start(words, SAC_ZOO=store), words, pairs))
        time.sleep(draw.share() / 2)
    outcomes, said = [], ""
    for child, words, pairs in started:
        ended = world.wait(child)
        if ended.code not in (0, None) and is_one_line(ended) and "another" in ended.said:
            ended = world.run(words, SAC_ZOO=store)  # it was told to wait, and does
        outcomes.append(judge(ended, pairs))
        said += ended.said
    worst = next((one for one in (WRONG, HANG, TRACEBACK, REFUSED) if one in outcomes), RECOVERED)
    return Fault(" and ".join(command.name for command in commands), f"{what} on one store", worst, said)


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _left(session: int) -> list[int]:
    """Who of a session is there five seconds later; they are ended then."""
    for _ in range(250):
        if not (left := survivors(session)):
            return []
        time.sleep(0.02)
    for one in left:
        _kill(one)
    return left
