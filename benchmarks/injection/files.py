"""Spoilt files: artifacts, the zoo's store, DVC's cache and remote, snapshots, reports, dvc.lock."""

import os
import shutil
import subprocess
from pathlib import Path

import yaml

from benchmarks.injection.judging import HANG, RECOVERED, REFUSED, TRACEBACK, WRONG, is_one_line, judge
from benchmarks.injection.spoiling import spoil, spoilt
from benchmarks.injection.world import TASK, Command, Draw, Fault, World
from pipeline.core.lockfile import read_lock
from tests.repository import environment

WEIGHTS = ("score", "score", "report", "outputs", "probes", "probes", "zoo", "query_models", "second_zoo")
REVIEWED = 600.0
"""Seconds after which a review hangs: it recomputes a whole report, on a machine that may be busy."""
TRAINERS = ("source", "zoo", "second_zoo", "query_models")


def control(world: World, draw: Draw) -> Fault:
    """Spoil nothing: a stage gives the bytes of the run, with the store or without it."""
    command = world.drawn(draw, WEIGHTS)
    words, pairs = command.into(world.fresh(), world.folder)
    empty = draw.share() < 0.3
    ended = world.run(words, None, **({"SAC_ZOO": str(world.scratch / "zoo")} if empty else {}))
    return Fault(command.name, f"nothing{', with an empty store' if empty else ''}", judge(ended, pairs), ended.said)


def artifact(world: World, draw: Draw) -> Fault:
    """Spoil one file that a stage reads, and run the stage."""
    command = world.drawn(draw, WEIGHTS)
    inputs = command.reads(world.folder)
    file = draw.one(inputs)
    words, pairs = command.into(world.fresh(), world.folder)
    with spoilt(file, inputs, draw) as what:
        ended = world.run(words)
    return Fault(f"{command.name}: {file.relative_to(world.folder)}", what, judge(ended, pairs), ended.said)


def store(world: World, draw: Draw) -> Fault:
    """Spoil one file of the store, and run a stage that finds its models there."""
    command = world.drawn(draw, TRAINERS)
    words, pairs = command.into(world.fresh(), world.folder)
    home = world.scratch / "zoo"
    shutil.copytree(world.folder / ".zoo", home, copy_function=os.link)
    files = [file for file in sorted(home.iterdir()) if file.is_file() and file.name != "lock"]
    own = [file for file in files if any(key in file.name for key in _keys(world, command))] or files
    file = draw.one(own)
    data = file.read_bytes()
    file.unlink()
    what = spoil(file, data, [other for other in files if other != file], draw)
    ended = world.run(words, SAC_ZOO=str(home))
    return Fault(f"{command.name}: .zoo/{file.name[-24:]}", what, judge(ended, pairs), ended.said)


def cache(world: World, draw: Draw) -> Fault:
    """Spoil an object of DVC's cache, let the real dvc check it out, and run the stage that reads it."""
    command = world.drawn(draw, ("score", "report", "outputs", "probes"))
    paths = sorted({file.relative_to(world.folder) for file in command.reads(world.folder)})
    outs = {
        Path(out["path"]): out["md5"]
        for entry in _lock(world).values()
        for out in entry.get("outs", ())
        if "md5" in out and not out["md5"].endswith(".dir")
    }
    path = draw.one([path for path in paths if path in outs] or list(outs))
    held = world.folder / ".dvc/cache/files/md5" / outs[path][:2] / outs[path][2:]
    words, pairs = command.into(world.fresh(), world.folder)
    aside = world.scratch.parent / "aside"
    shutil.copyfile(world.folder / path, aside)
    try:
        with spoilt(held, [], draw) as what:
            (world.folder / path).unlink()
            code = _checked_out(path, world)
            ended = world.run(words)
    finally:
        if (world.folder / path).is_dir():
            shutil.rmtree(world.folder / path)
        (world.folder / path).unlink(missing_ok=True)
        shutil.copyfile(aside, world.folder / path)
    outcome = judge(ended, pairs)
    return Fault(f"{command.name}: cache of {path}", f"{what}; dvc checkout ended with {code}", outcome, ended.said)


def remote(world: World, draw: Draw) -> Fault:
    """Spoil an object of the remote that travels with the repository, and review."""
    files = [file for file in sorted((world.folder / "snapshots/remote").rglob("*")) if file.is_file()]
    return _reviewed(world, draw, draw.one(files), files)


def report(world: World, draw: Draw) -> Fault:
    """Spoil a file that is committed under reports/, or the pointer of a snapshot, and review."""
    files = [file for file in sorted((world.folder / "reports").rglob("*")) if file.is_file() and file.name != ".gitignore"]
    files += [world.folder / f"snapshots/{TASK}.dvc"]
    return _reviewed(world, draw, draw.one(files), files)


def lock(world: World, draw: Draw) -> Fault:
    """Cut dvc.lock off as kill -9 does, and repair it: no stage may be lost that git or the file itself still knows."""
    file = world.folder / "dvc.lock"
    whole = file.read_bytes()
    committed = draw.share() < 0.5
    try:
        size = 8192 * draw.below(len(whole) // 8192) if draw.share() < 0.5 else draw.below(len(whole))
        file.write_bytes(whole[:size])
        at = world.fresh()
        home = world.folder if committed else _without_git(world, at)
        told, ended = world.run(["score", "--help"], home), world.run(["repair"], home)
        known = yaml.safe_load(whole)["stages"]
        found = (yaml.safe_load((home / "dvc.lock").read_bytes()) or {}).get("stages", {})
        right = all(known.get(name) == entry for name, entry in found.items()) and (not committed or found == known)
        seen = "sac repair" in told.said or whole[:size].endswith(b"\n")
        outcome = (
            HANG
            if ended.code is None
            else TRACEBACK
            if "Traceback" in ended.said + told.said
            else RECOVERED
            if ended.code == 0 and right and seen
            else REFUSED
            if is_one_line(ended)
            else WRONG
        )
    finally:
        file.write_bytes(whole)
    what = f"cut off after {size} of {len(whole)} bytes{'' if committed else ', no git'}"
    return Fault("dvc.lock", what, outcome, ended.said)


def _without_git(world: World, at: Path) -> Path:
    home = at / "archive"
    home.mkdir()
    shutil.copytree(world.folder / ".dvc", home / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    subprocess.run(
        ["dvc", "config", "--local", "core.no_scm", "true"], cwd=home, env=environment(), check=True, capture_output=True
    )
    for name in ("dvc.yaml", "dvc.lock", "params.yaml"):
        shutil.copyfile(world.folder / name, home / name)
    return home


def _reviewed(world: World, draw: Draw, file: Path, files: list[Path]) -> Fault:
    world.fresh()
    before = file.read_bytes()
    with spoilt(file, files, draw) as what:
        gone = not file.is_file()
        changed = gone or file.read_bytes() != before
        ended = world.wait(world.start(["review", TASK]), REVIEWED)
    place = str(file.relative_to(world.folder))
    outcome = (
        HANG
        if ended.code is None
        else RECOVERED
        if ended.code == 0 and not changed
        else WRONG
        if ended.code == 0
        else REFUSED
        if "Traceback" not in ended.said and ended.said.strip().splitlines()[-1].startswith("Error:")
        else TRACEBACK
    )
    return Fault(f"review: {place}", what, outcome, ended.said)


def _keys(world: World, command: Command) -> set[str]:
    import json

    records = command.words[command.words.index("--records") + 1]
    return {model["key"] for model in json.loads((world.folder / records).read_text())["models"]}


def _lock(world: World) -> dict[str, dict[str, list[dict[str, str]]]]:
    return read_lock(world.folder / "dvc.lock")


def _checked_out(path: Path, world: World) -> int | None:
    """The exit code of `dvc checkout`; None where it had to be stopped, as it waits for ever on a pipe in its cache."""
    words = ["dvc", "checkout", "-q", str(path)]
    try:
        done = subprocess.run(words, cwd=world.folder, env=environment(), capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        return None
    return done.returncode
