"""Running many jobs: order does not matter, errors arrive, a dead worker is explained, nobody outlives the parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.core.errors import BadInput
from pipeline.core.executor import run_all
from pipeline.core.files import write_text
from tests.imports import ROOT


def square(value):
    return value * value


def refuse(value):
    raise BadInput(f"no {value}")


def die(value):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_every_job_is_done(jobs, monkeypatch):
    monkeypatch.setenv("SAC_JOBS", jobs)
    assert sorted(run_all(square, range(5), "squares")) == [0, 1, 4, 9, 16]
    assert list(run_all(square, [], "nothing")) == []


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_error_in_a_job_arrives_as_it_was(jobs, monkeypatch):
    monkeypatch.setenv("SAC_JOBS", jobs)
    with pytest.raises(BadInput, match="no 1"):
        list(run_all(refuse, [1, 1], "refusals"))


def test_a_process_that_is_killed_is_explained(monkeypatch):
    monkeypatch.setenv("SAC_JOBS", "2")
    with pytest.raises(BadInput, match=r"was killed \(out of memory.*finished models are kept"):
        list(run_all(die, range(2), "deaths"))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SAC_JOBS", "two", "SAC_JOBS: expected a whole number"),
        ("SAC_JOBS", "²", "SAC_JOBS: expected a whole number"),
        ("SAC_JOBS", "0", "at least 1"),
        ("SAC_ENGINE", "lokey", "did you mean 'loky'"),
    ],
)
def test_wrong_settings_are_refused(name, value, says, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput, match=says):
        list(run_all(square, range(3), "squares"))


def test_ray_is_asked_for_when_it_is_not_there(monkeypatch):
    monkeypatch.setenv("SAC_ENGINE", "ray")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BadInput, match="pip install"):
        list(run_all(square, range(3), "squares"))


def test_workers_die_with_their_parent(tmp_path):
    code = (
        "import sys; sys.path.insert(0, '.'); from tests.test_executor import linger;"
        "from pipeline.core.executor import run_all;"
        f"list(run_all(linger, [r'{tmp_path}/a', r'{tmp_path}/b'], 'lingering'))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"SAC_JOBS": "2"})
    while len(list(tmp_path.glob("[ab]"))) < 2 and parent.poll() is None:
        time.sleep(0.02)
    children = [int(path.read_text()) for path in tmp_path.glob("[ab]")]
    parent.kill()
    parent.wait()
    assert len(children) == 2
    for _ in range(500):
        if not any(Path(f"/proc/{child}").exists() for child in children):
            break
        time.sleep(0.02)
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def linger(path):
    """Say who I am, in a file that appears whole, and stay."""
    write_text(Path(path), str(os.getpid()))
    time.sleep(600)
