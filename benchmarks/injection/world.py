"""A finished tiny run in a scratch repository, the commands that made it, and the running of one in a process of its own.

A command runs in a fork of this process, in which everything is imported already: a fault costs what the stage costs.
"""

import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from tests import scratch
from tests.repository import dvc, prepared

TASK = scratch.TASK
LIMIT = 90.0
"""Seconds after which a command hangs. The slowest one of the tiny task takes about five."""
OUTS = {
    "source": ("--out", "--records"),
    "query_models": ("--out", "--records"),
    "zoo": ("--out", "--records"),
    "second_zoo": ("--out", "--records"),
    "probes": ("--out",),
    "outputs": ("--out",),
    "score": ("--out",),
    "report": ("--out",),
}
ONE_JOB = {"SAC_JOBS": "1", "SAC_DOWNLOAD": "0", "DVC_NO_ANALYTICS": "1"}


class Ended(NamedTuple):
    """How a command ended: its exit code, None if it had to be stopped; what it said on stderr; the seconds it took."""

    code: int | None
    said: str
    seconds: float


@dataclass(frozen=True)
class Command:
    """A stage's command: the words after `sac`, the options that name what it writes, and the artifacts that it reads."""

    stage: str
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """As dvc.yaml has it: the stage and its item."""
        return " ".join(self.words[:3] if self.words[2:] and not self.words[2].startswith("-") else self.words[:1])

    def reads(self, folder: Path) -> list[Path]:
        """Every file that the command's options name, inside folders too; what it writes left out."""
        found = []
        for option, value in zip(self.words, self.words[1:], strict=False):
            if (option.startswith("--") and option not in OUTS[self.stage]) or (option, self.stage) == ("--records", "report"):
                path = folder / value
                found += sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        return [path for path in found if path.is_file() and "artifacts" in path.parts]

    def into(self, place: Path, folder: Path) -> tuple[list[str], list[tuple[Path, Path]]]:
        """The words with all that is written redirected below `place`, and what stands there then beside what the undisturbed
        run made in `folder`."""
        words, pairs = list(self.words), []
        for option in OUTS[self.stage]:
            at = words.index(option) + 1
            made = place / option.strip("-") / Path(words[at]).name
            pairs.append((made, folder / words[at]))
            words[at] = str(made)
        return words, pairs


@dataclass(frozen=True)
class World:
    """The scratch repository. `scratch` is emptied before every command."""

    folder: Path
    scratch: Path

    def commands(self, *stages: str) -> list[Command]:
        """The commands of the tiny task, of `stages` or of all that read artifacts."""
        known = scratch.stages(folder=self.folder)
        return [Command(name, tuple(words)) for name, _, words in known if name in (stages or OUTS)]

    def drawn(self, draw: "Draw", stages: tuple[str, ...]) -> Command:
        """One of the commands of `stages` that read artifacts."""
        stage = draw.one(list(stages))
        return draw.one([one for one in self.commands(stage) if one.reads(self.folder)])

    def fresh(self) -> Path:
        """An empty folder to write to."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        return self.scratch

    def start(self, words: list[str], folder: Path | None = None, **environment: str) -> int:
        """Start `sac` with `words` in a process of its own session; returns its number. It says what it says in a file."""
        sys.stdout.flush()
        if child := os.fork():
            return child
        os.setsid()
        with self._said(os.getpid()).open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")  # whoever runs this may have put others in their place
        os.chdir(folder or self.folder)
        os.environ.update(ONE_JOB | environment)
        os._exit(_main(words))

    def wait(self, child: int, limit: float = LIMIT) -> Ended:
        """Wait for a process that `start` gave, and stop all of its session if it takes too long."""
        began, code = time.monotonic(), None
        while time.monotonic() - began < limit:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                break
            time.sleep(0.005)
        else:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
        said = self._said(child).read_text(errors="replace") if self._said(child).exists() else ""
        self._said(child).unlink(missing_ok=True)
        return Ended(code, said, time.monotonic() - began)

    def _said(self, process: int) -> Path:
        return self.scratch.parent / f"said.{process}"

    def run(self, words: list[str], folder: Path | None = None, **environment: str) -> Ended:
        """Run `sac` with `words` to its end."""
        return self.wait(self.start(words, folder, **environment))


def make_world(folder: Path) -> World:
    """A whole run of the tiny task, by the commands that dvc would run; then committed to the real dvc, and published."""
    repository = prepared(folder / "repository")
    world = World(repository, folder / "scratch")
    world.fresh()
    for _, _, words in scratch.stages(folder=repository):
        _done(world.run(words))
    dvc(repository, "commit", "-f", "-q")
    for words in (["index"], ["publish", TASK]):
        _done(world.run(words))
    scratch.git(repository, "add", "-A")
    scratch.git(repository, "commit", "-qm", "ran")
    return world


def _done(ended: Ended) -> None:
    if ended.code != 0:
        raise RuntimeError(f"the tiny run cannot be made: {ended.said[-2000:]}")


def survivors(session: int) -> list[int]:
    """The processes of a session that still live."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, own = (process / "stat").read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(own) == session and state != "Z":
            found.append(int(process.name))
    return found


def _main(words: list[str]) -> int:
    from stages.cli import sac

    try:
        sac(words, prog_name="sac")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        return 70
    return 0


def import_all() -> None:
    """Import here what commands import, so that their processes need not."""
    from importlib import import_module

    names = [
        "torch",
        "pyarrow.parquet",
        "pandas",
        "matplotlib.pyplot",
        "sklearn.metrics",
        "scipy.stats",
        "PIL.Image",
        "jinja2",
        *(
            f"{'.'.join(file.with_suffix('').parts)}"
            for folder in ("pipeline", "stages")
            for file in sorted(Path(folder).rglob("[!_]*.py"))
            if "embedded" not in file.parts
        ),
    ]
    for name in names:
        import_module(name)


Value = TypeVar("Value")
Kind = Callable[["World", "Draw"], "Fault"]


class Fault(NamedTuple):
    """One fault: what was done to what, what the command did, and the words it said."""

    where: str
    what: str
    outcome: str
    said: str


class Draw:
    """Random choices of one fault, which its seed repeats."""

    def __init__(self, seed: int, kind: str, number: int):
        self._random = random.Random(f"{seed}/{kind}/{number}")

    def one(self, values: Sequence[Value]) -> Value:
        """One of the values."""
        return values[self._random.randrange(len(values))]

    def below(self, count: int) -> int:
        """A whole number in 0..count-1."""
        return self._random.randrange(max(1, count))

    def share(self) -> float:
        """A number in [0, 1)."""
        return self._random.random()
