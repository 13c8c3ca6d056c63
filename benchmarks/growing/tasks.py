"""What DVC takes for a pipeline of many finished tasks: a run with nothing to do, the plan after a change, recording a stage.

The tasks are one tiny task under many names. Artifacts are stand-ins that DVC is told to take as made: nothing is trained.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.growing.measuring import Point, Points, alone
from tests import scratch
from tests.repository import dvc, sac

AXIS = "tasks"
SIZES = (1, 2, 5, 10, 20)
FIRST = "t00"
CALLS: dict[str, tuple[str, ...]] = {
    "nothing to do": ("repro",),
    "plan of a variant": ("repro", "--dry"),
    "recording one stage": ("commit", "-f", f"split@{FIRST}"),
}
"""What is measured, and the words after `dvc`."""


def points(largest: int, only: str) -> Points:
    """Every call of CALLS, on pipelines of more and more tasks."""
    if only not in ("", AXIS):
        return
    with tempfile.TemporaryDirectory() as name:
        folder = finished(Path(name))
        for size in (size for size in SIZES if size <= largest):
            multiply(folder, size)
            lock = (folder / "dvc.lock").read_text(encoding="utf-8")
            on = f"{size} tasks, {lock.count(f'{os.linesep}    cmd:')} stages, {len(lock.splitlines())} lines of dvc.lock"
            for what, words in CALLS.items():
                with varied(folder) if "--dry" in words else contextlib.nullcontext():
                    yield Point(AXIS, what, size, on, *alone(__name__, {"folder": str(folder), "words": words}))


def work(folder: str, words: list[str]) -> None:
    """Call dvc in `folder`."""
    from dvc.cli import main

    os.chdir(folder)
    if code := main(words):
        raise SystemExit(code)


def finished(folder: Path) -> Path:
    """A repository in which DVC takes one task as finished."""
    scratch.make(folder)
    params = scratch.tiny_params()
    params["task"] = {FIRST: params["task"].pop(scratch.TASK)}
    set_tasks(folder, params, [FIRST])
    scratch.git(folder, "init", "-q")
    dvc(folder, "init", "-q")
    stages = yaml.safe_load((folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for name, item, _ in scratch.stages(FIRST, folder):
        for path in paths(stages[name]) if name != "check" else ():
            stand_in(folder / scratch.expand(path, item))
    dvc(folder, "commit", "-q", "-f")
    return folder


def multiply(folder: Path, count: int) -> None:
    """Make `count` tasks of the one that `finished` made: each has its artifacts, its report and its entries of dvc.lock."""
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    names = [f"t{place:02}" for place in range(count)]
    set_tasks(folder, params, names)
    text = (folder / "dvc.lock").read_text(encoding="utf-8")
    first = {name: entry for name, entry in yaml.safe_load(text)["stages"].items() if name == "check" or f"@{FIRST}" in name}
    lock = {"check": first.pop("check")}
    for name in names:
        for room in ("artifacts", "reports") if name != FIRST else ():
            shutil.copytree(folder / room / FIRST, folder / room / name, dirs_exist_ok=True)
        lock |= yaml.safe_load(yaml.safe_dump(first, sort_keys=False).replace(FIRST, name))
    (folder / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": lock}, sort_keys=False), encoding="utf-8")
    dvc(folder, "commit", "-q", "-f", "check")


def set_tasks(folder: Path, params: dict[str, Any], names: list[str]) -> None:
    """Write params.yaml with these tasks, all like the first, and what the stage `check` makes of it."""
    params["tasks"] = names
    params["task"] = {FIRST: params["task"][FIRST]} | {name: {"like": FIRST} for name in names if name != FIRST}
    scratch.write_params(folder, params)
    for words in (("wire",), ("check", "--out", "artifacts/checked")):
        done = sac(folder, *words)
        if done.returncode:
            raise SystemExit(done.stderr)


@contextlib.contextmanager
def varied(folder: Path) -> Iterator[None]:
    """Inside, the parameter that a variant changes has another value."""
    file = folder / "params.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("  method: cutmix", "  method: jpeg", 1), encoding="utf-8")
    yield
    file.write_text(text, encoding="utf-8")


def paths(stage: dict[str, Any]) -> Iterator[str]:
    """The artifacts and parts of a report that a stage reads or writes."""
    for one in [*stage["deps"], *stage["outs"], *stage.get("metrics", ())]:
        path = one if isinstance(one, str) else next(iter(one))
        if "${item.task}" in path:
            yield path


def stand_in(path: Path) -> None:
    """A file, or a folder with a file."""
    file = path if path.suffix else path / "made"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("made\n", encoding="utf-8")
