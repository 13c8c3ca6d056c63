"""A real Ray cluster: two nodes on this machine, each in a folder of its own. Results are a local run's, byte for byte."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cloudpickle
import pytest

from pipeline.attacks import read_attack
from pipeline.core import machine
from pipeline.core.errors import BadInput
from pipeline.core.executor import kind, run_all
from pipeline.core.executor.cluster import kind_of_nodes
from pipeline.outputs.asking import ask
from pipeline.probes.augmented import Family
from pipeline.tasks.recipe import Recipe
from pipeline.zoo.make import Make, Order
from pipeline.zoo.plan import Material, plan
from tests.imports import ROOT
from tests.ray_nodes import ray_nodes, until

pytestmark = pytest.mark.slow  # Ray nodes

pytest.importorskip("ray")
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def where_am_i(job):
    """Which file the package comes from on a node, and the folder that a job works in."""
    import pipeline

    return job, pipeline.__file__, str(Path.cwd())


def linger(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(600)


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pid_in(path):
    until(lambda: path.exists() and path.read_text(), path)
    return int(path.read_text())


@pytest.fixture(scope="module")
def cluster():
    """Two nodes, of which one may be killed."""
    pytest.importorskip("ray")
    with ray_nodes(2) as found:
        yield found


@pytest.fixture(scope="module")
def work(tiny, other_tiny, models):
    """Six small thefts of a source."""
    material = Material(tiny, other_tiny, models.source.read_bytes(), "vgg_slim", None)
    return material, Recipe(epochs=20, batch=32, rate=0.05)


def orders(work):
    material, recipe = work
    return [
        Order(job, None, None)
        for job in plan("extract_label", read_attack("extract_label"), ["resnet_slim", "vgg_slim"], 3, recipe, material)
    ]


def files_by_key(results):
    return {finished.job.key: (finished.files, finished.records) for finished in results}


def locally(monkeypatch):
    monkeypatch.setenv("SAC_ENGINE", "loky")
    monkeypatch.setenv("SAC_JOBS", "1")


def test_the_package_travels_to_nodes_that_do_not_see_this_folder(cluster):
    found = sorted(run_all(where_am_i, range(4), "looking"))
    assert [job for job, _, _ in found] == [0, 1, 2, 3]
    for _, package, folder in found:
        assert ROOT not in Path(package).parents and Path(folder) in Path(package).parents


def test_a_job_that_no_node_can_hold_is_refused_at_once(cluster, monkeypatch):
    monkeypatch.setenv("SAC_GPU_SHARE", "0.5")
    with pytest.raises(BadInput, match=r"no node .* can hold a job that asks for 1 core and 0.5 of a GPU .*0 GPUs"):
        list(run_all(where_am_i, range(2), "looking"))


def test_an_error_in_a_job_arrives_as_it_was(cluster):
    def refuse(job):
        raise BadInput(f"no {job}")

    with pytest.raises(BadInput, match=r"^no 7$"):
        list(run_all(refuse, [7], "refusals"))


def test_answers_of_models_are_those_of_a_local_run(cluster, models, pool, monkeypatch):
    sets = Family(count=20, corruption={"count": 5})(pool, models)
    (far,) = ask([models.source], sets)
    locally(monkeypatch)
    (near,) = ask([models.source], sets)
    assert [logits.tobytes() for logits in far.logits] == [logits.tobytes() for logits in near.logits]


def test_ctrl_c_ends_the_workers_of_its_run_and_of_no_other(cluster, monkeypatch, tmp_path):
    monkeypatch.setenv("SAC_JOBS", "1")
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"  # what a shell's background ignores
        "sys.path.insert(0, '.'); from tests.test_cluster import linger;"
        "from pipeline.core.executor import run_all;"
        f"list(run_all(linger, [r'{tmp_path}/theirs'], 'lingering'))"
    )
    stopped = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    try:
        theirs = pid_in(tmp_path / "theirs")
        mine = run_all(lambda job: os.getpid(), range(3), "staying")
        worker = next(mine)
        stopped.send_signal(signal.SIGINT)
        stopped.wait(30)
    finally:
        stopped.kill()
    until(lambda: not alive(theirs), "the stopped run's worker to end")
    assert list(mine) == [worker, worker] and worker != theirs


def test_a_node_that_dies_loses_its_job_alone_and_the_bytes_are_those_of_a_local_run(cluster, work, monkeypatch, capfd):
    found = []
    for finished in run_all(Make(work[0]), orders(work), "thefts"):
        if not found:
            os.killpg(cluster.victim, signal.SIGKILL)
        found.append(finished)
    assert len(found) == 6 and "goes to another one (1 of 4)" in capfd.readouterr().err
    locally(monkeypatch)
    assert files_by_key(found) == files_by_key(run_all(Make(work[0]), orders(work), "thefts"))


def test_keys_are_those_of_a_local_run_on_the_same_kind_of_machine(cluster, work, monkeypatch):
    far = [order.job.key for order in orders(work)], kind()
    locally(monkeypatch)
    assert far == ([order.job.key for order in orders(work)], kind())


def test_the_kind_of_nodes_may_be_named_and_one_that_is_not_there_is_refused(cluster, monkeypatch):
    there = machine.kind()
    monkeypatch.setenv("SAC_KIND", there)
    kind_of_nodes.cache_clear()
    assert kind_of_nodes() == there
    monkeypatch.setenv("SAC_KIND", "no such kind")
    kind_of_nodes.cache_clear()
    with pytest.raises(BadInput, match=f"SAC_KIND: unknown kind of machine 'no such kind'.*{re.escape(there)}"):
        kind_of_nodes()


def test_a_job_that_kills_its_worker_everywhere_ends_the_run_in_one_line(cluster):
    with pytest.raises(BadInput, match=r"a job lost its worker 4 times, .*finished models are kept") as error:
        list(run_all(die, [0], "deaths"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("address", "says"), [(None, "needs RAY_ADDRESS"), ("127.0.0.1:1", "no Ray cluster answers at 127.0.0.1:1")]
)
def test_an_address_where_no_cluster_is_is_refused_at_once(address, says, monkeypatch):
    from pipeline.core.executor import cluster as module

    monkeypatch.setenv("SAC_ENGINE", "ray")
    module.joined.cache_clear()
    module.kind_of_nodes.cache_clear()
    if address:
        monkeypatch.setenv("RAY_ADDRESS", address)
    else:
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(BadInput, match=says):
        list(run_all(die, [0], "nothing"))
