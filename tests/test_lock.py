"""A lock names its holder, is free when its holder is gone, and two runs on one store train nothing twice."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.attacks import read_attack
from pipeline.core.errors import BadInput
from pipeline.core.lock import held, holder
from pipeline.publish import remote
from pipeline.tasks.recipe import Recipe
from pipeline.zoo.plan import Material, plan
from pipeline.zoo.store import Store
from tests.imports import ROOT
from tests.making import make_tiny

ELSEWHERE = "work in another folder"
NOT_ABIDING = "import sys; sys.path.insert(0, '.'); from tests.test_lock import {0}; {0}(r'{1}')"


def hold(folder):
    """Hold a lock until somebody ends this process."""
    with Store(Path(folder)).only_writer():
        (Path(folder) / "holding").touch()
        time.sleep(600)


def train(folder):
    """Train two small models into a store, and say by what was made here."""
    made = []
    store = Store(Path(folder))
    keep, store.keep = store.keep, lambda finished: (made.append(finished.job.key), keep(finished))
    images = make_tiny(60, seed=3)
    material = Material(images, images, None, None, None)
    jobs = plan("irrelevant", read_attack("irrelevant"), ["vgg_slim"], 2, Recipe(epochs=3, batch=30, rate=0.05), material)
    store.train(jobs, material, "irrelevant")
    (Path(folder) / f"made-{os.getpid()}").write_text(json.dumps(made))


def start(name, folder, **settings):
    return subprocess.Popen(
        [sys.executable, "-c", NOT_ABIDING.format(name, folder)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"SAC_JOBS": "1"} | settings,
    )


def holding(folder):
    process = start("hold", folder)
    while not (folder / "holding").exists():
        assert process.poll() is None
        time.sleep(0.02)
    return process


def test_who_waits_is_told_for_whom(tmp_path):
    process = holding(tmp_path)
    try:
        said = holder(tmp_path / "lock")
        assert said.startswith(f"process {process.pid} on {socket.gethostname()}, training into this store since 20")
        refused = start("train", tmp_path, SAC_WAIT="1")
        words = refused.communicate(timeout=120)[1]
        assert refused.returncode != 0 and f"waiting for {said}" in words and f"held by {said}; waited 1 s" in words
    finally:
        process.kill()
        process.communicate()


def test_a_lock_whose_holder_was_killed_is_taken_over(tmp_path, monkeypatch):
    process = holding(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    monkeypatch.setenv("SAC_WAIT", "0")
    with held(tmp_path / "lock", "taking over", ELSEWHERE):
        assert f"process {os.getpid()} on" in holder(tmp_path / "lock")
    with held(tmp_path / "lock", "again", ELSEWHERE):
        pass


def test_the_same_process_does_not_enter_twice(tmp_path, monkeypatch):
    monkeypatch.setenv("SAC_WAIT", "0")
    with (
        held(tmp_path / "lock", "outer", ELSEWHERE),
        pytest.raises(BadInput, match=f"held by process {os.getpid()} .*outer since.*ended, or {ELSEWHERE}"),
        held(tmp_path / "lock", "inner", ELSEWHERE),
    ):
        pass


def test_who_publishes_waits_for_others_whose_files_no_pointer_names_yet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAC_WAIT", "0")
    with (
        held(remote.LOCK, "publishing one", ""),
        pytest.raises(BadInput, match=r"held by process .*, publishing one since .*, or publish from another clone"),
    ):
        remote.store("two", {"run.json": b"{}"})
    assert not remote.REMOTE.exists()
    for task in ("one", "two"):
        remote.store(task, {"run.json": task.encode()})
    assert [remote.fetch(task)["run.json"] for task in remote.published()] == [b"one", b"two"]


def test_two_runs_on_one_store_train_nothing_twice(tmp_path):
    runs = [start("train", tmp_path), start("train", tmp_path)]
    for run in runs:
        assert run.communicate(timeout=120) and run.returncode == 0
    made = [key for file in tmp_path.glob("made-*") for key in json.loads(file.read_text())]
    assert len(list(tmp_path.glob("made-*"))) == 2 and len(made) == 2 and len(set(made)) == 2


def test_a_run_that_is_killed_leaves_a_store_that_the_next_one_finishes(tmp_path):
    first = start("train", tmp_path)
    while not any(tmp_path.glob("*.safetensors")):
        assert first.poll() is None
        time.sleep(0.02)
    first.kill()
    first.communicate()
    second = start("train", tmp_path, SAC_WAIT="60")
    assert second.communicate(timeout=120) and second.returncode == 0
    (said,) = tmp_path.glob("made-*")
    assert 1 <= len(json.loads(said.read_text())) <= 2


@pytest.mark.parametrize("value", ["soon", "-1", "²", "9" * 5000])
def test_a_wrong_time_to_wait_is_refused(value, monkeypatch, tmp_path):
    monkeypatch.setenv("SAC_WAIT", value)
    lock = held(tmp_path / "lock", "waiting", ELSEWHERE)
    with pytest.raises(BadInput, match="SAC_WAIT: expected a whole number of seconds"), lock:
        pass
