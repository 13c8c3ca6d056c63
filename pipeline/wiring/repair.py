"""Finds damage that DVC does not see: in objects of its cache, and in files that were checked out from them.

DVC checks an object out without looking at it, and calls the result up to date. So damaged objects are removed together with
the outputs that hold the same bytes: `dvc repro` then makes both anew, and trains nothing that the zoo's store has.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.errors import BadInput
from pipeline.core.files import read_json
from pipeline.core.lockfile import read_lock


@dataclass(frozen=True)
class Output:
    """A file or folder that a stage made, as dvc.lock has it: the MD5 of its bytes, or of the list of its files."""

    path: Path
    md5: str


def cache_folder() -> Path:
    """Where DVC keeps its cache; BadInput with its own words if it does not say."""
    done = subprocess.run([sys.executable, "-m", "dvc", "cache", "dir"], capture_output=True, text=True)
    if done.returncode:
        raise BadInput(f"dvc cache dir: {' '.join(done.stderr.split())[-200:]}")
    return Path(done.stdout.strip())


def clear_damaged(cache: Path) -> list[str]:
    """Remove every damaged object of `cache` that dvc.lock names, and every output whose bytes are not the locked ones.

    Returns one line for each thing removed. Missing outputs and missing objects are no damage, and nothing is done about them.
    """
    removed = []
    for output in _outputs(read_lock()):
        bad = [file for file in _objects(cache, output.md5) if not _is_whole(file)]
        for file in bad:
            file.unlink()
            removed.append(f"{file}: a damaged object of DVC's cache, of {output.path}")
        if output.path.exists() and (bad or not _is_locked(output, cache)):
            _remove(output.path)
            removed.append(f"{output.path}: not what dvc.lock says")
    return removed


def _outputs(stages: dict[str, Any]) -> Iterator[Output]:
    for entry in stages.values():
        for out in entry.get("outs") or ():
            if "md5" in out and Path(out["path"]).parts[0] == "artifacts":
                yield Output(Path(out["path"]), str(out["md5"]))


def _objects(cache: Path, md5: str) -> list[Path]:
    """The objects that are here of an output: its own, and for a folder those of its files."""
    own = _object(cache, md5)
    files = [_object(cache, str(file["md5"])) for file in _listed(own)] if own.is_file() and _is_whole(own) else []
    return [file for file in (own, *files) if file.is_file()]


def _object(cache: Path, md5: str) -> Path:
    return cache / "files" / "md5" / md5[:2] / md5[2:]


def _listed(own: Path) -> list[dict[str, str]]:
    return read_json(own) if own.suffix == ".dir" else []


def _is_whole(file: Path) -> bool:
    return _md5(file) == file.parent.name + file.stem


def _is_locked(output: Output, cache: Path) -> bool:
    if not output.md5.endswith(".dir"):
        return output.path.is_file() and _md5(output.path) == output.md5
    if not output.path.is_dir():
        return False
    files = sorted(path for path in output.path.rglob("*") if path.is_file())
    listed = [{"md5": _md5(path), "relpath": path.relative_to(output.path).as_posix()} for path in files]
    text = json.dumps(sorted(listed, key=lambda one: one["relpath"]), sort_keys=True)
    return f"{hashlib.md5(text.encode()).hexdigest()}.dir" == output.md5


def _remove(path: Path) -> None:
    if path.resolve().is_relative_to(Path.cwd()):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    else:
        raise BadInput(f"{path}: leads out of this folder; remove it yourself, then `dvc repro`")


def _md5(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
