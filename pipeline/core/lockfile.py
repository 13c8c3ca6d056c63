"""dvc.lock, which DVC writes in place: kill -9 can leave it empty or cut off, and then every later `dvc` stops with an error.

Only DVC's notes of the last minutes are lost with it: the results themselves lie in its run
cache.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from pipeline.core.errors import BadInput
from pipeline.core.files import write_text
from pipeline.core.yaml_text import LOADER, UNREADABLE

LOCK = Path("dvc.lock")
HEAD = b"schema:"
ENTRY = re.compile(r"^  \S.*:$", re.MULTILINE)
Stages = dict[str, Any]


def trouble(path: Path = LOCK) -> str | None:
    """What is wrong with dvc.lock at a glance: its two ends, which are all that a killed writer spoils. None if nothing is."""
    if not path.is_file():
        return None
    size = path.stat().st_size
    with path.open("rb") as file:
        begins = file.read(len(HEAD)) == HEAD
        file.seek(max(0, size - 1))
        ends = file.read(1) == b"\n"
    if begins and ends:
        return None
    found = "it is empty" if not size else "it ends in the middle of a line" if begins else "it is no file of DVC's"
    return f"{path}: {found}, as after a kill: `sac repair` restores it, and nothing is trained again"


def read_lock(path: Path = LOCK) -> Stages:
    """The entries of dvc.lock by stage; none if there is no such file. Raises BadInput if it is not whole."""
    if not path.is_file():
        return {}
    if found := trouble(path):
        raise BadInput(found)
    stages = _parsed(path.read_text(encoding="utf-8", errors="replace"))
    if stages is None or _lacks_its_end(stages, path):
        raise BadInput(f"{path}: not what DVC writes: `sac repair` restores it, and nothing is trained again")
    return stages


def restore(path: Path = LOCK) -> str | None:
    """Write dvc.lock anew where it is not whole: the entries that can still be read, and the last commit's for the others.
    Stages that are in neither are found by DVC in its run cache. Returns what was done, or None if there was nothing to do.
    """
    committed = _committed(path)
    try:
        if path.exists() or not committed:
            read_lock(path)
            return None
    except BadInput:
        pass
    kept = _readable(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else {}
    stages = committed | kept
    write_text(path, yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False))
    return (
        f"{path}: {len(stages)} stages restored, {len(kept)} from what was left of it, "
        f"{len(stages.keys() - kept.keys())} from the last commit; `dvc repro` finds the rest in its run cache"
    )


def _committed(path: Path) -> Stages:
    done = subprocess.run(["git", "show", f"HEAD:./{path}"], capture_output=True, text=True, errors="replace")
    return (_parsed(done.stdout) or {}) if done.returncode == 0 else {}


def _readable(text: str) -> Stages:
    """The entries before the place where the file was cut off: the last one may lack its end."""
    starts = [found.start() for found in ENTRY.finditer(text)]
    return (_parsed(text[: starts[-1]]) or {}) if starts else {}


def _parsed(text: str) -> Stages | None:
    try:
        value = yaml.load(text, Loader=LOADER)
    except UNREADABLE:
        return None
    stages = value.get("stages", {}) if isinstance(value, dict) else None
    if not isinstance(stages, dict):
        return {} if stages is None and isinstance(value, dict) else None
    return stages if all(_is_entry(entry) for entry in stages.values()) else None


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not entry.get("cmd"):
        return False
    return all(_is_file(file) for part in ("deps", "outs") for file in entry.get(part) or ())


def _is_file(file: Any) -> bool:
    """Whether a file or folder has all that DVC writes of it: its path, its sum, its size, how many files a folder has."""
    if not isinstance(file, dict) or not isinstance(file.get("path"), str):
        return False
    value = file.get(file["hash"]) if "hash" in file else None
    return "hash" not in file or bool(value and "size" in file and ("nfiles" in file or not str(value).endswith(".dir")))


def _lacks_its_end(stages: Stages, path: Path) -> bool:
    """Whether the last entry has fewer files than its stage in dvc.yaml: a cut between two lines leaves sound YAML."""
    definition = path.with_name("dvc.yaml")
    if not stages or not definition.is_file():
        return False
    name, entry = list(stages.items())[-1]
    try:
        known = yaml.load(definition.read_text(encoding="utf-8", errors="replace"), Loader=LOADER)
        stage = known["stages"][name.partition("@")[0]]
        outs = sum(len(stage.get(part) or ()) for part in ("outs", "metrics", "plots"))
        return len(entry.get("outs") or ()) < outs or len(entry.get("deps") or ()) < len(stage.get("deps") or ())
    except (*UNREADABLE, TypeError):
        return False
