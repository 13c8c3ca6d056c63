"""dvc.lock after a kill, and damaged objects of the cache: said in one line, mended, and nothing trained again."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline.core.errors import BadInput
from pipeline.core.lockfile import read_lock, restore, trouble
from pipeline.wiring.repair import clear_damaged
from tests import scratch
from tests.repository import dvc, environment, modified, ran, sac

TEXT = yaml.safe_dump(
    {"schema": "2.0", "stages": {f"stage{number}": {"cmd": "true", "outs": [{"path": f"out{number}"}]} for number in range(3)}},
    sort_keys=False,
)


@pytest.mark.parametrize("text", ["", "sch", TEXT[:-1], TEXT[:-30], TEXT[:60], "\0" * 100, "stages: {}\n"])
def test_a_lock_that_was_cut_off_is_seen_at_a_glance(tmp_path, text):
    (tmp_path / "dvc.lock").write_text(text)
    assert "sac repair" in trouble(tmp_path / "dvc.lock")
    with pytest.raises(BadInput, match="sac repair"):
        read_lock(tmp_path / "dvc.lock")


def test_a_lock_with_a_value_that_its_tag_does_not_fit_is_none(tmp_path):
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\nstages: !!bool foo\n")
    with pytest.raises(BadInput, match="not what DVC writes"):
        read_lock(tmp_path / "dvc.lock")


def test_a_whole_lock_and_none_are_no_trouble(tmp_path):
    assert trouble(tmp_path / "dvc.lock") is None and read_lock(tmp_path / "dvc.lock") == {}
    (tmp_path / "dvc.lock").write_text(TEXT)
    assert trouble(tmp_path / "dvc.lock") is None and len(read_lock(tmp_path / "dvc.lock")) == 3


def test_what_can_be_read_is_kept_where_git_knows_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.lock").write_text(TEXT[:-5])
    assert "2 from what was left" in restore()
    assert list(read_lock()) == ["stage0", "stage1"]
    assert restore() is None


FILE = "    - path: {}\n      hash: md5\n      md5: 0123456789abcdef0123456789abcdef\n      size: 1234\n"
DEPS, OUTS = ("".join(FILE.format(name) for name in names) for names in (("data", "code"), ("a", "b")))
ENTRY = f"  train:\n    cmd: 'true'\n    deps:\n{DEPS}    outs:\n{OUTS}"


@pytest.mark.parametrize("lines", range(4, 18))
def test_a_lock_that_was_cut_off_between_two_lines_is_seen_too(tmp_path, lines):
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": {"deps": ["data", "code"], "outs": ["a", "b"]}}}))
    text = "schema: '2.0'\nstages:\n" + ENTRY
    (tmp_path / "dvc.lock").write_text(text)
    assert list(read_lock(tmp_path / "dvc.lock")) == ["train"]
    (tmp_path / "dvc.lock").write_text("".join(text.splitlines(keepends=True)[:lines]))
    with pytest.raises(BadInput, match="sac repair"):
        read_lock(tmp_path / "dvc.lock")


@pytest.fixture
def copy(repository, tmp_path):
    """The scratch repository after a whole run, to spoil."""
    shutil.copytree(repository.folder, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


def test_a_cut_off_lock_is_restored_and_nothing_is_trained_again(copy):
    whole = (copy / "dvc.lock").read_text()
    in_a_key = whole.index("deps:", len(whole) // 3) + len("de")  # cut off within a number it would be a sound file
    (copy / "dvc.lock").write_text(whole[:in_a_key])
    scratch.git(copy, "rm", "-q", "--cached", "dvc.lock")
    scratch.git(copy, "commit", "-qm", "without a lock")
    before = modified(copy)
    failed = subprocess.run(["dvc", "repro"], cwd=copy, env=environment(), capture_output=True, text=True)
    told = sac(copy, "check")
    assert failed.returncode and told.returncode == 1 and "sac repair" in told.stderr
    assert "dvc.lock" in sac(copy, "repair").stdout
    assert set(ran(dvc(copy, "repro"))) <= {"check", f"report@{scratch.TASK}"}  # git keeps reports, not DVC's run cache
    assert modified(copy) == before
    assert read_lock(copy / "dvc.lock") == yaml.safe_load(whole)["stages"]


def test_a_damaged_object_of_the_cache_is_cleared_and_made_anew(copy):
    file = copy / f"artifacts/{scratch.TASK}/scores.parquet"
    outs = read_lock(copy / "dvc.lock")[f"score@{scratch.TASK}"]["outs"]
    good, md5 = file.read_bytes(), next(out["md5"] for out in outs if out["path"].endswith(file.name))
    held = copy / f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}"
    held.chmod(0o644)
    held.write_bytes(good[:-20] + b"x" + good[-19:])
    file.unlink()
    dvc(copy, "checkout", "-q")
    assert file.read_bytes() != good
    words = next(words for name, _, words in scratch.stages(folder=copy) if name == "report")
    told = sac(copy, *words)
    assert told.returncode == 1 and told.stderr.count("\n") == 1 and "scores.parquet: damaged" in told.stderr
    assert str(md5[2:]) in sac(copy, "repair").stdout
    before = modified(copy)
    assert ran(dvc(copy, "repro"))[0] == f"score@{scratch.TASK}"
    assert file.read_bytes() == good and modified(copy) == before


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A folder with a file and a folder of two files, as dvc.lock and DVC's cache have them."""
    monkeypatch.chdir(tmp_path)
    listed = [{"md5": cached(text), "relpath": name} for name, text in (("x", b"ex"), ("y", b"why"))]
    folder = cached(json.dumps(listed).encode(), ".dir")
    outs = [{"path": "artifacts/tiny/a.json", "md5": cached(b"a")}, {"path": "artifacts/tiny/zoo", "md5": folder}]
    outs.append({"path": "reports/tiny", "md5": "0" * 32})
    Path("dvc.lock").write_text(
        yaml.safe_dump({"schema": "2.0", "stages": {"one": {"cmd": "one", "outs": outs}}}, sort_keys=False)
    )
    Path("artifacts/tiny/zoo").mkdir(parents=True)
    for name, text in (("a.json", b"a"), ("zoo/x", b"ex"), ("zoo/y", b"why")):
        Path("artifacts/tiny", name).write_bytes(text)
    return tmp_path


def cached(data, suffix=""):
    """Put an object into the cache `cache`; its MD5."""
    md5 = hashlib.md5(data).hexdigest()
    file = Path("cache/files/md5", md5[:2], md5[2:] + suffix)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return md5 + suffix


def files():
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


def test_nothing_is_cleared_where_nothing_is_damaged(world):
    before = files()
    assert clear_damaged(Path("cache")) == [] and files() == before
    Path("artifacts/tiny/a.json").unlink()
    assert clear_damaged(Path("cache")) == []


@pytest.mark.parametrize(
    ("damaged", "gone"),
    [
        ("artifacts/tiny/a.json", ["artifacts/tiny/a.json"]),
        ("artifacts/tiny/zoo/x", ["artifacts/tiny/zoo"]),
        ("cache/files/md5/0c/c175b9c0f1b6a831c399e269772661", ["artifacts/tiny/a.json"]),
        ("cache/files/md5/54/d54a126a783bc9cba8c06137136943", ["artifacts/tiny/zoo"]),
    ],
)
def test_what_is_damaged_is_cleared_with_what_holds_its_bytes_and_nothing_else(world, damaged, gone):
    kept = [file for file in files() if file != damaged and not file.startswith(tuple(gone))]
    Path(damaged).write_bytes(b"something else")
    said = clear_damaged(Path("cache"))
    assert files() == kept and all(any(line.startswith(name) for line in said) for name in gone)


def test_a_file_in_place_of_a_folder_and_a_folder_in_place_of_a_file_are_cleared(world):
    shutil.rmtree("artifacts/tiny/zoo")
    Path("artifacts/tiny/zoo").write_text("a file")
    Path("artifacts/tiny/a.json").unlink()
    Path("artifacts/tiny/a.json").mkdir()
    assert len(clear_damaged(Path("cache"))) == 2 and not list(Path("artifacts/tiny").iterdir())


def test_what_a_link_leads_to_outside_is_left_alone(world, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "precious"
    outside.write_text("mine")
    Path("artifacts/tiny/a.json").unlink()
    Path("artifacts/tiny/a.json").symlink_to(outside)
    with pytest.raises(BadInput, match=r"artifacts/tiny/a.json: leads out of this folder; remove it yourself"):
        clear_damaged(Path("cache"))
    assert outside.read_text() == "mine"
