"""What tests share: tiny images, tiny networks, a tiny task."""

import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from pipeline.data.images import Images
from pipeline.models.network import Network, load, save
from pipeline.probes.probe_set import DefenderModels
from pipeline.tasks.recipe import Recipe
from pipeline.training.fit import fit_new
from tests.making import make_tiny
from tests.repository import Ran, run_twice

settings.register_profile("repository", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("repository")

SHARED = "repository"
"""The fixture whose set-up takes a minute."""
LONGEST = (
    "test_case_suspects",
    "test_case_servers",
    "test_docs",
    "test_streaming",
    "test_attacks",
    "test_stages",
    "test_review",
)
"""Files whose tests take half a minute together, or more."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests of the scratch repository are slow and share a worker, which makes it once; the other tests of a file
    share one, too."""
    calls_dvc = SHARED in getattr(item, "fixturenames", ())
    item.add_marker(pytest.mark.xdist_group(SHARED if calls_dvc else item.path.stem))
    if calls_dvc:
        item.add_marker(pytest.mark.slow)
        item.add_marker(pytest.mark.dvc)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker is left with it at the end."""
    items.sort(key=lambda item: (SHARED not in getattr(item, "fixturenames", ()), item.path.stem not in LONGEST))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """.ci/run says until when tests may begin, which a slow machine does not reach."""
    if time.time() > float(os.environ.get("SAC_TESTS_UNTIL", "inf")):
        pytest.skip("begins after SAC_TESTS_UNTIL")


@pytest.fixture(scope="session")
def tiny() -> Images:
    """120 grey images of 16 x 16 in three classes that a small network learns in a second: bright sides."""
    return make_tiny(120, seed=0)


@pytest.fixture(scope="session")
def other_tiny() -> Images:
    """Another 60 of them."""
    return make_tiny(60, seed=1)


@pytest.fixture(scope="session")
def pool() -> Images:
    """Thirty held-out images to make probes from."""
    return make_tiny(30, seed=7)


@pytest.fixture(scope="session")
def models(tmp_path_factory, tiny) -> DefenderModels:
    """A source that has learned `tiny`, and nothing else."""
    path = tmp_path_factory.mktemp("models") / "source"
    save(fit_new("vgg_slim", tiny, Recipe(epochs=6, batch=32, rate=0.05), seed=0), path)
    return DefenderModels(path)


@pytest.fixture(scope="session")
def source(models) -> Network:
    """The source of `models`."""
    return load(models.source)


@pytest.fixture(scope="session")
def repository(tmp_path_factory) -> Ran:
    """A scratch repository after a whole run of the real dvc, which was killed once."""
    mark = tmp_path_factory.getbasetemp().parent / "repository-was-made"
    assert not (mark.exists() and "PYTEST_XDIST_WORKER" in os.environ), "made by another worker too: tests are not grouped"
    mark.touch()
    return run_twice(tmp_path_factory.mktemp("dvc"))
