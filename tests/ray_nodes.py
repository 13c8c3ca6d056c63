"""Ray nodes on this machine, each in a folder of its own, as if they were machines that share nothing."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

MEMORY = 100 << 20


@contextmanager
def ray_nodes(count: int) -> Iterator[SimpleNamespace]:
    """A cluster of `count` nodes of one core, which run_all uses meanwhile: its address, the process group of its last node,
    which may be killed, and the folder that it lives in."""
    import ray

    from pipeline.core.executor import cluster as module

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    patch, address, nodes = pytest.MonkeyPatch(), f"127.0.0.1:{port}", []
    patch.setenv("RAY_AUTH_MODE", "disabled")
    patch.setenv("RAY_ADDRESS", address)
    with tempfile.TemporaryDirectory(prefix="sac", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            here = "--node-ip-address=127.0.0.1"
            head = f"--temp-dir={folder}/ray", "--head", f"--port={port}", "--include-dashboard=false"
            nodes.append(_start(folder / "node0", here, *head))
            until(lambda: _answers(port), "the head")
            for number in range(1, count):
                nodes.append(_start(folder / f"node{number}", here, f"--temp-dir={folder}/ray{number}", f"--address={address}"))
            patch.setenv("SAC_ENGINE", "ray")
            until(lambda: len(module.nodes()) == count, f"{count} nodes")
            yield SimpleNamespace(address=address, victim=nodes[-1].pid, folder=folder)
        finally:
            ray.shutdown()
            module.joined.cache_clear()
            module.kind_of_nodes.cache_clear()
            for node in nodes:
                os.killpg(node.pid, signal.SIGKILL)
                node.wait()
            patch.undo()


def until(true: Callable[[], object], what: object, seconds: int = 60) -> None:
    """Wait until something holds."""
    for _ in range(seconds * 20):
        if true():
            return
        time.sleep(0.05)
    pytest.fail(f"waited {seconds} s for {what}")


def _start(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """A Ray node that works in `folder`, knows nothing of this repository, and is a process group of its own."""
    folder.mkdir()
    keep = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    settings = ["--num-cpus=1", f"--object-store-memory={MEMORY}", "--disable-usage-stats"]
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            [str(Path(sys.executable).parent / "ray"), "start", "--block", *settings, *words],
            cwd=folder,
            env=keep,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _answers(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0
