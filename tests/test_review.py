"""What a review reads is a stranger's: the smallest published snapshot, and all that may be wrong with it."""

import json
import os
import shutil
from itertools import pairwise

import pytest
import yaml
from click.testing import CliRunner

from benchmarks.review_changes import changes
from pipeline.core.errors import BadInput
from pipeline.core.machine import kind
from pipeline.publish import remote
from pipeline.publish.costs import run_costs, write_costs
from pipeline.publish.review import Review, run
from pipeline.publish.snapshot import collect, commands, lay_out, read_snapshot
from pipeline.publish.sums import write_sums
from stages.cli import sac
from tests.imports import ROOT

pytestmark = pytest.mark.slow  # runs recomputed

BOMB = "a: &a [x, x]\n" + "".join(f"{new}: &{new} [*{old}, *{old}]\n" for old, new in pairwise("abcdefgh"))


def smallest():
    sizes = {file.stem: int(file.read_text().partition("size: ")[2].split()[0]) for file in (ROOT / "snapshots").glob("*.dvc")}
    return min(sizes, key=sizes.get)


TASK = smallest()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A folder with one published run, its reports and sums."""
    folder = tmp_path_factory.mktemp("small") / "repository"
    shutil.copytree(ROOT / f"reports/{TASK}", folder / f"reports/{TASK}")
    (folder / "snapshots").mkdir()
    for name in ("params.yaml", "reports/published.csv", "reports/watermarked.csv"):
        shutil.copyfile(ROOT / name, folder / name)
    patch = pytest.MonkeyPatch()
    patch.chdir(ROOT)
    files = remote.fetch(TASK)
    patch.chdir(folder)
    remote.store(TASK, files)
    write_costs()
    run(["index"], folder)
    write_sums()
    patch.undo()
    return folder


@pytest.fixture
def here(small, tmp_path, monkeypatch):
    """A copy of it as the working folder."""
    folder = tmp_path / "repository"
    shutil.copytree(small, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SAC_JOBS", "1")
    return folder


def review():
    return CliRunner().invoke(sac, ["review"])


def everything(folder):
    """Every file below a folder: its bytes, and its place if it is a link."""
    return {
        path: os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def changed(name, data):
    """Publish the snapshot with another file under `name` (none if it is None)."""
    files = remote.fetch(TASK) | {name: data}
    remote.store(TASK, {name: data for name, data in files.items() if data is not None})


def renamed(old, new):
    """Publish the snapshot with a name of run.json replaced in every role."""
    data = remote.fetch(TASK)["run.json"].decode().replace(json.dumps(old), json.dumps(new)).encode()
    changed("run.json", data)


def test_an_untouched_run_passes_and_nothing_is_written_outside_the_scratch_folder(here):
    (here / f"reports/{TASK}/scribble.md").write_text("mine")
    before = everything(here)
    done = review()
    assert done.exit_code == 0, done.output
    *listed, last = done.output.splitlines()
    assert last.startswith("review passed: 1 runs, ") and everything(here) == before
    assert f"neither recomputed nor covered by a sum: reports/{TASK}/scribble.md" in listed


@pytest.mark.parametrize("name", ["../../etc", "--out", "a b", "x; touch y", "", "A", "/tmp/x", "x" * 61, "é"])
def test_what_is_no_name_is_refused(here, name):
    renamed("irrelevant", name)
    with pytest.raises(BadInput, match=r"records: .* is no name"):
        read_snapshot(TASK)


def on(machine):
    """Publish the snapshot with a kind of machine in run.json."""
    changed("run.json", json.dumps(json.loads(remote.fetch(TASK)["run.json"]) | {"machine": machine}).encode())


@pytest.mark.parametrize("machine", ["<b>", "a\nb", "x" * 101, 7, None, ["cpu"]])
def test_what_is_no_kind_of_machine_is_refused(here, machine):
    on(machine)
    with pytest.raises(BadInput, match="expected the kind of a machine"):
        read_snapshot(TASK)


def test_the_costs_say_what_published_them(here):
    on("cpu AuthenticAMD, bf16")
    assert set(run_costs(read_snapshot(TASK))["published_on"]) == {"cpu AuthenticAMD, bf16"}


@pytest.mark.parametrize(
    "name",
    [
        "../../../evil.json",
        "/tmp/evil.json",
        "lock.yaml",
        "stages.py",
        "records/../x.json",
        "records/more.json",
        "probes/augmented/probes.parquet",
    ],
)
def test_a_file_of_no_role_is_refused(here, name):
    changed(name, b"{}")
    with pytest.raises(BadInput, match="is no file of a snapshot"):
        read_snapshot(TASK)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("records/irrelevant.json", b"[" * 100_000 + b"]" * 100_000, "nested more than"),
        ("records/irrelevant.json", b"[]", "expected an object, found list"),
        ("records/irrelevant.json", b"\xff\xfe{", "not JSON"),
        ("records/irrelevant.json", None, "'records/irrelevant.json' is missing"),
        ("run.json", b"{}", "expected the task"),
        ("run.json", b"7", "expected"),
        ("run.json", None, "run.json is missing"),
        ("params.yaml", BOMB.encode(), "anchor or alias"),
        ("params.yaml", b"a: !!python/object/apply:os.system ['touch pwned']", "a tag"),
        ("params.yaml", b"task: !!bool foo", "a tag"),
        ("params.yaml", b"task: 5", "expected the parameters of the task"),
        ("params.yaml", b"task: {other: {}}", "expected the parameters of the task"),
        ("params.yaml", b"- 1", "expected the parameters of the task"),
        ("seconds.json", b'{"a": "b"}', "expected seconds by key"),
    ],
    ids=lambda part: str(part)[:30],  # a command's environment names the test
)
def test_a_damaged_or_monstrous_file_is_refused(here, name, data, says):
    changed(name, data)
    with pytest.raises(BadInput, match=says) as error:
        read_snapshot(TASK).seconds  # noqa: B018
    assert "\n" not in str(error.value) and not (here / "pwned").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"path: {TASK}", "path: ../../../etc"),
        ("size: ", "size: 9"),
        ("nfiles: ", "nfiles: 1"),
        ("hash: md5", "hash: md5 "),
        ("outs:", "deps:"),
        (".dir", ".dirx"),
        ("- md5: ", "- md5: ../"),
        (f"path: {TASK}\n", f"path: {TASK}\n  cmd: touch x\n"),
    ],
)
def test_a_pointer_must_be_as_it_is_written(here, old, new):
    pointer = here / f"snapshots/{TASK}.dvc"
    pointer.write_text(pointer.read_text().replace(old, new))
    with pytest.raises(BadInput, match=rf"snapshots/{TASK}.dvc: "):
        read_snapshot(TASK)


def test_an_empty_pointer_is_refused(here):
    (here / f"snapshots/{TASK}.dvc").write_text("")
    with pytest.raises(BadInput, match=rf"snapshots/{TASK}.dvc: line 1: not a pointer"):
        read_snapshot(TASK)


def test_a_pointer_whose_name_is_no_name_is_refused(here):
    shutil.copy(here / f"snapshots/{TASK}.dvc", here / "snapshots/x; touch y.dvc")
    with pytest.raises(BadInput, match="is no name"):
        remote.published()


def an_object(here):
    files = (path for path in (here / "snapshots/remote").rglob("*") if path.is_file())
    return max(files, key=lambda path: path.stat().st_size)


def test_a_link_in_place_of_an_object_is_not_followed(here, tmp_path):
    file = an_object(here)
    shutil.move(file, tmp_path / "same bytes")
    file.symlink_to(tmp_path / "same bytes")
    with pytest.raises(BadInput, match="a link, expected a file"):
        read_snapshot(TASK)


def test_a_linked_folder_is_not_followed(here, tmp_path):
    shutil.move(here / "snapshots/remote", tmp_path / "remote")
    (here / "snapshots/remote").symlink_to(tmp_path / "remote")
    with pytest.raises(BadInput, match="snapshots/remote: a link, expected a folder"):
        read_snapshot(TASK)


def test_a_pipe_in_place_of_an_object_does_not_hang(here):
    file = an_object(here)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(BadInput, match="expected a plain file"):
        read_snapshot(TASK)


def test_a_snapshot_of_any_size_is_neither_written_nor_read(here):
    with pytest.raises(BadInput, match="expected at most"):
        changed("records/irrelevant.json", b" " * 8_000_001)
    with pytest.raises(BadInput, match="expected at most"):
        read_snapshot(TASK)


def test_a_flipped_byte_of_an_object_is_named_with_what_it_holds(here):
    file = an_object(here)
    data = bytearray(file.read_bytes())
    data[100] ^= 1
    file.write_bytes(bytes(data))
    done = review()
    name = file.relative_to(here)
    assert done.exit_code == 1 and f"{name}: bytes 0 to " in done.output
    assert f"{name}: not the bytes that its name says; it holds " in done.output


def test_a_snapshot_decides_nothing_about_paths_and_commands(here, tmp_path):
    snapshot = read_snapshot(TASK)
    lay_out(snapshot, tmp_path / "home")
    places = {path.relative_to(tmp_path / "home").parts[0] for path in (tmp_path / "home").rglob("*")}
    assert places == {"params.yaml", "artifacts"}
    built = commands(snapshot)
    assert [words[:2] for words in built] == [["score", TASK], ["references", TASK], ["report", TASK]]
    inside = (f"artifacts/{TASK}/", "reports/")
    assert all(word.startswith(("--", *inside)) for words in built for word in words[2:])


def test_a_run_is_collected_as_what_its_reader_expects(here, tmp_path, monkeypatch):
    """The snapshot, laid out like a finished run in a folder with another task's entries in dvc.lock, gives itself."""
    snapshot, home = read_snapshot(TASK), tmp_path / "home"
    lay_out(snapshot, home)
    (home / f"artifacts/{TASK}/scores.parquet").write_bytes(snapshot.files["scores.parquet"])
    entries = {f"{words[0]}@{TASK}": {"cmd": " ".join(["sac", *words])} for words in commands(snapshot)}
    entries |= {f"{name}-2": {"cmd": "sac score other --outputs other.parquet"} for name in entries}
    (home / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": entries}))
    monkeypatch.chdir(home)
    examples = any(name.endswith("examples.parquet") for name in snapshot.files)
    run = json.loads(snapshot.files["run.json"]) | {"machine": kind()}
    made = collect(TASK, examples, snapshot.seconds)
    assert json.loads(made["run.json"]) == run and made == snapshot.files | {"run.json": made["run.json"]}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("records/irrelevant.json", b'{"attack": 3}'),
        ("outputs/augmented.parquet", b"PAR1 no parquet PAR1"),
        ("scores.parquet", b"PAR1"),
        ("params.yaml", f"tasks: []\ntask:\n  {TASK}: {{title: 3}}\n".encode()),
    ],
)
def test_what_the_stages_cannot_use_ends_in_one_line_and_harms_nothing(here, tmp_path, name, data):
    changed(name, data)
    before = everything(here)
    found = Review(tmp_path / "scratch")(TASK).differences
    assert found and all("\n" not in line for line in found) and everything(here) == before


def test_every_change_of_one_byte_is_caught_with_its_place(here):
    missed = [change for change in changes(seed=1, count=100) if not change.caught]
    assert not missed


def test_what_a_number_does_not_show_is_named(here):
    """A p-value of published.csv, a vertical tabulator in place of a line's end, and the place of a label."""
    edits = [
        ("reports/published.csv", "p_value,3.33e-15", "p_value,3.34e-15", "lines 1 to"),
        (f"reports/{TASK}/tables/report.md", "\n", "\x0b", "line 1: committed"),
        (f"reports/{TASK}/figures/main.svg", ' y="', ' y="9', "committed"),
    ]
    for name, old, new, _ in edits:
        (here / name).write_text((here / name).read_text().replace(old, new, 1))
    said = review().output.splitlines()
    for name, _, _, place in edits:
        assert any(line.startswith(f"{name}: ") and place in line for line in said), name


def test_a_data_card_of_other_files_is_caught_though_its_sum_is_right(here):
    card = here / "reports/croissant.json"
    text = card.read_text()
    total = text.partition('"sha256": "')[2][:64]
    card.write_text(text.replace(total, total[::-1]))
    write_sums()
    done = review()
    assert done.exit_code == 1 and "reports/croissant.json: line " in done.output and "1 differences" in done.output
