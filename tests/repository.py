"""A scratch repository that the real dvc works in, and what is left of it when it is killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from tests import scratch
from tests.imports import ROOT


class Ran(NamedTuple):
    """A scratch repository after its first run: the folder, the models that the killed attempt left, the processes that
    survived it, and what dvc said at the end."""

    folder: Path
    kept: dict[str, int]
    survivors: list[str]
    output: str


def environment():
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "test",
        "GIT_AUTHOR_EMAIL": "test@example.org",
        "GIT_COMMITTER_NAME": "test",
        "GIT_COMMITTER_EMAIL": "test@example.org",
    }


def sac(folder, *words):
    """Run `sac` in `folder`, whatever comes of it."""
    return subprocess.run(["sac", *words], cwd=folder, env=environment(), capture_output=True, text=True)


def clone(folder, to):
    """A second clone, as a stranger would make it."""
    scratch.git(folder, "clone", "-q", str(folder), str(to))
    return to


def dvc(folder, *words):
    done = subprocess.run(["dvc", *words], cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def prepared(folder):
    scratch.make(folder)
    scratch.write_params(folder, scratch.few_params())
    assert sac(folder, "wire").returncode == 0
    scratch.git(folder, "init", "-q")
    dvc(folder, "init", "-q")
    shutil.copy(ROOT / ".dvc/config", folder / ".dvc/config")
    scratch.git(folder, "add", "-A")
    scratch.git(folder, "commit", "-qm", "tiny")
    return folder


def ran(output):
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def modified(folder):
    """When each trained model appeared in the store."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / ".zoo").glob("*.safetensors")}


def alive(folder):
    """Processes that still work in the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")) == folder and b"sac" in (process / "cmdline").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


def run_twice(folder) -> Ran:
    """A scratch repository after its first `dvc repro`, which was killed with -9 while it trained, and run again."""
    prepared(folder)
    first = subprocess.Popen(
        ["dvc", "repro"],
        cwd=folder,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while len(modified(folder)) < 4 and first.poll() is None:
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    for _ in range(500):
        if not alive(folder):
            break
        time.sleep(0.02)
    survivors = alive(folder)
    kept = modified(folder)
    output = dvc(folder, "repro")
    scratch.git(folder, "add", "-A")
    scratch.git(folder, "commit", "-qm", "ran")
    return Ran(folder, kept, survivors, output)
