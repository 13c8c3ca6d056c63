"""A published run: all that a reviewer needs to recompute a task's numbers, and no image that a licence keeps back.

    snapshots/TASK/        params.yaml (the whole file of the run), lock.yaml (its entries of dvc.lock), records/,
                           outputs/, scores.parquet, probes/FAMILY/facts.json, and examples.parquet where images may be shown
    snapshots/TASK.dvc     DVC's pointer to that folder, in the remote that travels with the repository
    snapshots/TASK.sha256  the SHA-256 sums of its files, as sha256sum writes them
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from pipeline.errors import BadInput
from pipeline.files import write_text
from pipeline.probes.probe_set import EXAMPLES, FACTS

FOLDER = Path("snapshots")
REMOTE = FOLDER / "remote"
PARAMS, LOCK = "params.yaml", "lock.yaml"
LARGEST = 8_000_000
REPLAYED = ("score", "report")
"""The stages that a reviewer runs again. What they depend on is what a snapshot holds."""


def collect(task: str, show_images: bool) -> Path:
    """Copy the finished run of `task` into its snapshot's folder, and write the sums. Returns the folder.

    Raises BadInput if the run is not finished, or if the snapshot would have more than LARGEST bytes.
    """
    _check_finished(task)
    folder = FOLDER / task
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    entries = _entries(task)
    write_text(folder / LOCK, yaml.safe_dump({"stages": entries}, sort_keys=False))
    shutil.copyfile(PARAMS, folder / PARAMS)
    home = Path("artifacts") / task
    for path in {Path(dep["path"]) for stage in REPLAYED for dep in entries[f"{stage}@{task}"]["deps"]}:
        if path.is_relative_to(home):
            _copy(path, folder / path.relative_to(home), show_images)
    sizes = {file: file.stat().st_size for file in files_of(folder)}
    if sum(sizes.values()) > LARGEST:
        most = max(sizes, key=sizes.get)
        raise BadInput(f"{folder}: {sum(sizes.values()):,} bytes, at most {LARGEST:,} are published; the largest is {most} "
                       f"({sizes[most]:,}): ask fewer probes of a kind")
    write_text(sums_file(task), "".join(f"{_sha256(file)}  {file.relative_to(folder)}\n" for file in sizes))
    return folder


def push(task: str) -> None:
    """Hand the snapshot to DVC, push it, and remove from the travelling remote what no snapshot names any more."""
    dvc("add", "--quiet", str(FOLDER / task))
    dvc("push", "--quiet", f"{FOLDER / task}.dvc")
    used = {_object(md5) for name in published() for md5 in _objects(name).values()}
    for file in files_of(REMOTE):
        if file not in used:
            file.unlink()


def pull(tasks: list[str]) -> None:
    """Bring the snapshots that are not here."""
    missing = [task for task in tasks if not (FOLDER / task).exists()]
    if missing:
        dvc("pull", *(f"{FOLDER / task}.dvc" for task in missing))


def check_remote(task: str) -> None:
    """Raise BadInput, naming the object, if the remote that travels with the repository does not hold the snapshot."""
    objects, again = _objects(task), f"git checkout -- {REMOTE}"
    for name, md5 in objects.items():
        file = _object(md5)
        if not file.exists():
            raise BadInput(f"{file}: missing from the remote; it holds {name} of {FOLDER / task}: {again}")
        if hashlib.md5(file.read_bytes()).hexdigest() != md5.removesuffix(".dir"):
            raise BadInput(f"{file}: not the bytes that its name says; it holds {name} of {FOLDER / task}: {again}")
    if set(objects) - {"."} != set(_read_sums(sums_file(task))):
        raise BadInput(f"{FOLDER / task}.dvc: names other files than {sums_file(task)}: publish {task} again")


def published() -> list[str]:
    """The tasks that have a snapshot, by name."""
    return sorted(pointer.stem for pointer in FOLDER.glob("*.dvc"))


def check_sums(task: str) -> None:
    """Raise BadInput, naming the file, if a snapshot's files are not exactly those of its SHA-256 sums."""
    folder, sums = FOLDER / task, _read_sums(sums_file(task))
    again = f"rm -r {folder}, then dvc pull {folder}.dvc"
    for name, expected in sums.items():
        if not (folder / name).is_file():
            raise BadInput(f"{folder / name}: missing from the snapshot; {again}")
        if _sha256(folder / name) != expected:
            raise BadInput(f"{folder / name}: not the published bytes of {sums_file(task)}, but older or damaged ones; {again}")
    for file in files_of(folder):
        if str(file.relative_to(folder)) not in sums:
            raise BadInput(f"{file}: not a file of the snapshot; {again}")


def command(task: str, stage: str) -> list[str]:
    """The words after `sac` that a stage of the published run was called with."""
    lock = yaml.safe_load((FOLDER / task / LOCK).read_text(encoding="utf-8"))
    program, name, *words = lock["stages"][f"{stage}@{task}"]["cmd"].split()
    if (program, name) != ("sac", stage):
        raise BadInput(f"{FOLDER / task / LOCK}: {stage}@{task} runs {program} {name}, expected sac {stage}")
    return [name, *words]


def files_of(folder: Path) -> list[Path]:
    """Every file under a folder, by name."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def sums_file(task: str) -> Path:
    """Where a snapshot's SHA-256 sums lie."""
    return FOLDER / f"{task}.sha256"


def dvc(*words: str) -> str:
    """Run DVC and return what it prints; BadInput with its own words if it fails."""
    done = subprocess.run([sys.executable, "-m", "dvc", *words], capture_output=True, text=True)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).partition("ERROR: ")[2].split())
        raise BadInput(f"dvc {' '.join(words)}: {said[:300] or f'exit code {done.returncode}'}")
    return done.stdout


def _check_finished(task: str) -> None:
    changed = json.loads(dvc("status", "--json", "--with-deps", f"report@{task}"))
    if changed:
        raise BadInput(f"{task}: {len(changed)} stages are not up to date ({', '.join(list(changed)[:3])}); dvc repro first")


def _entries(task: str) -> dict:
    """The entries of dvc.lock that belong to a task: stages are named NAME@TASK or NAME@TASK-ITEM."""
    stages = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))["stages"]
    return {name: entry for name, entry in stages.items() if name.partition("@")[2].partition("-")[0] == task}


def _copy(path: Path, to: Path, show_images: bool) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_dir():
        shutil.copyfile(path, to)
        return
    to.mkdir()
    for name in (FACTS, *([EXAMPLES] if show_images else [])):
        shutil.copyfile(path / name, to / name)


def _objects(task: str) -> dict[str, str]:
    """The MD5 sums of all objects that a snapshot consists of, by the file each holds; the folder itself is `.`."""
    whole = yaml.safe_load((FOLDER / f"{task}.dvc").read_text(encoding="utf-8"))["outs"][0]["md5"]
    try:
        entries = json.loads(_object(whole).read_text(encoding="utf-8"))
        return {".": whole, **{entry["relpath"]: entry["md5"] for entry in entries}}
    except (FileNotFoundError, ValueError):
        return {".": whole}


def _object(md5: str) -> Path:
    return REMOTE / "files" / "md5" / md5[:2] / md5[2:]


def _read_sums(file: Path) -> dict[str, str]:
    try:
        lines = [line.partition("  ") for line in file.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        raise BadInput(f"{file}: no such file; `sac publish` writes it") from None
    return {name: total for total, _, name in lines}


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
