"""What a wheel of this project holds is enough: commands, images, templates and styles, away from the repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import scratch
from tests.imports import ROOT

pytestmark = pytest.mark.slow  # a fresh environment

PARTS = ("pipeline", "stages", "pyproject.toml", "README.md", "LICENSE", "NOTICE")


def pip(*words):
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, words)], check=True)


def sac(installed, folder, *words):
    environment = os.environ | {"PYTHONPATH": str(installed), "SAC_JOBS": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "stages.cli", *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def words_of(stage, folder=ROOT):
    return next(words for name, _, words in scratch.stages(folder=folder) if name == stage)


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder that the wheel, and nothing else, is installed into."""
    home = tmp_path_factory.mktemp("wheel")
    for name in PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, home / name)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", home / "made", home)
    pip("install", "--no-deps", "--target", home / "installed", *home.glob("made/*.whl"))
    return home / "installed"


def test_nothing_else_is_loaded(installed, tmp_path):
    code = "import pipeline, stages; print(pipeline.__file__, stages.__file__)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(Path(file).is_relative_to(installed) for file in done.stdout.split())


def test_the_commands_are_there(installed, tmp_path):
    assert "split" in sac(installed, tmp_path, "--help") and "version" in sac(installed, tmp_path, "--version")


def test_every_file_of_the_packages_is_there(installed):
    for package in ("pipeline", "stages"):
        files = [
            path.relative_to(ROOT)
            for path in (ROOT / package).rglob("*")
            if path.is_file() and path.suffix != ".pyc" and path.parent.name != "embedded"
        ]
        assert not [file for file in files if not (installed / file).exists()]


def test_the_embedded_images_are_there(installed, tmp_path):
    scratch.write_params(tmp_path, scratch.tiny_params())
    sac(installed, tmp_path, *words_of("split"))
    assert (tmp_path / f"artifacts/{scratch.TASK}/attacker/transfer.safetensors").exists()


def test_a_report_is_the_one_of_the_repository(installed, repository, tmp_path):
    for name in ("artifacts", "reports"):
        shutil.copytree(repository.folder / name, tmp_path / name)
    shutil.copy(repository.folder / "params.yaml", tmp_path)
    pages = sorted(path.relative_to(tmp_path) for path in tmp_path.glob(f"reports/{scratch.TASK}/**/*.html"))
    for page in pages:
        (tmp_path / page).unlink()
    sac(installed, tmp_path, *words_of("report", repository.folder))
    assert pages and all((tmp_path / page).read_bytes() == (repository.folder / page).read_bytes() for page in pages)
