"""A published run: all that a reviewer needs to recompute a task's numbers, and no image that a licence keeps back.

    run.json                     task, kind of machine, and the attacks and families of probes in the order of the tables
    params.yaml                  the parameters of the run: every section, and of all tasks this one
    records/ATTACK.json          the accuracies of its models
    outputs/FAMILY.parquet       what all models answered
    probes/FAMILY/facts.json     how the probes were made; examples.parquet beside it where images may be shown
    scores.parquet               the score of every suspect by every fingerprint over all its probes
    seconds.json                 how long each training run took, by its key

A snapshot names no path and no command: it is data by role. Whoever reads one lays it out himself, and takes each file for
a stranger's.
"""

import io
import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from pipeline.core.errors import BadInput
from pipeline.core.files import write_bytes
from pipeline.core.lockfile import read_lock
from pipeline.core.machine import kind
from pipeline.core.params import FILE, read
from pipeline.core.yaml_text import load_yaml, parse_yaml
from pipeline.probes.probe_set import EXAMPLES, FACTS
from pipeline.publish.compare import over_all_probes
from pipeline.publish.remote import FOLDER, fetch
from pipeline.publish.untrusted import LARGEST, check_name, parse_json

RUN, SCORES, SECONDS = "run.json", "scores.parquet", "seconds.json"
ROLES = ("outputs", "records", "probes")
REFERRED = ("augmented", "misclassified")
"""The families whose answers stage `references` reads."""
MOST = 200
"""How many attacks or families a snapshot may name."""
MACHINE = re.compile(r"[\w ,.()/-]{1,100}")
"""What the kind of a machine may look like."""


@dataclass(frozen=True)
class Snapshot:
    """A published run: the names of each role in the order of its tables, and the bytes of every file by its name.

    machine: the kind of machine that published it; empty where the snapshot does not say.
    """

    task: str
    outputs: tuple[str, ...]
    records: tuple[str, ...]
    probes: tuple[str, ...]
    files: dict[str, bytes]
    machine: str = ""

    @property
    def seconds(self) -> dict[str, float]:
        """How long each training run took, by its key."""
        raw = parse_json(self.files[SECONDS], self.where(SECONDS))
        try:
            return {str(key): float(value) for key, value in raw.items()}
        except (AttributeError, TypeError, ValueError):
            raise BadInput(f"{self.where(SECONDS)}: expected seconds by key") from None

    def where(self, name: str) -> str:
        """What a complaint about a file begins with."""
        return f"{FOLDER / self.task}: {name}"


def collect(task: str, show_images: bool, seconds: dict[str, float]) -> dict[str, bytes]:
    """The files of a snapshot of the finished run of `task` in this folder.

    Raises BadInput if they have more than LARGEST bytes together.
    """
    names = _roles(task)
    run = {"task": task, "machine": kind(), **names}
    _run(run, RUN, task)
    files = {RUN: _json(run), FILE: effective(task).encode(), SECONDS: _json(dict(sorted(seconds.items())))}
    home = Path("artifacts") / task
    for name in _files(names, examples=show_images):
        files[name] = (home / name).read_bytes()
    files[SCORES] = published_scores(home / SCORES)
    if (total := sum(map(len, files.values()))) > LARGEST:
        most = max(files, key=lambda name: len(files[name]))
        raise BadInput(
            f"{task}: {total:,} bytes, at most {LARGEST:,} are published; the largest is {most} "
            f"({len(files[most]):,}): ask fewer probes of a method"
        )
    return files


def published_scores(file: Path) -> bytes:
    """The scores of a run over all probes, as Parquet."""
    data = io.BytesIO()
    over_all_probes(pd.read_parquet(file)).to_parquet(data, index=False, compression="zstd", compression_level=19)
    return data.getvalue()


def effective(task: str) -> str:
    """The text of params.yaml with `task` alone, as it is when what it inherits is written out."""
    values = {section: read(section) for section in load_yaml(Path(FILE))}
    values |= {"tasks": [task], "task": {task: read(f"task.{task}")}}
    return plain_yaml(values)


def plain_yaml(values: dict[str, Any]) -> str:
    """YAML without anchors, which whoever reads a snapshot refuses."""
    unshared = json.loads(json.dumps(values))
    return str(yaml.safe_dump(unshared, sort_keys=False, width=120))


def read_snapshot(task: str) -> Snapshot:
    """A published snapshot, its names checked and its files those of its roles. Raises BadInput for anything else."""
    files = fetch(task)
    where = f"{FOLDER / task}"
    if missing := {RUN, FILE, SCORES, SECONDS} - files.keys():
        raise BadInput(f"{where}: {min(missing)} is missing: publish {task} again")
    names, machine = _run(parse_json(files[RUN], f"{where}: {RUN}"), f"{where}: {RUN}", task)
    expected = {RUN, FILE, SCORES, SECONDS} | _files(names, examples=False)
    optional = {f"probes/{family}/{EXAMPLES}" for family in names["probes"]}
    for name in sorted((expected - files.keys()) | (files.keys() - expected - optional)):
        raise BadInput(f"{where}: {name[:80]!r} is {'missing' if name in expected else 'no file of a snapshot'}")
    outputs, records, probes = (tuple(names[role]) for role in ROLES)
    snapshot = Snapshot(task, outputs, records, probes, files, machine)
    _check_files(snapshot)
    return snapshot


def lay_out(snapshot: Snapshot, home: Path) -> None:
    """Write a snapshot into `home` as the stages `score` and `report` find a run: parameters and artifacts, but no scores."""
    for name, data in snapshot.files.items():
        if name == FILE:
            write_bytes(home / FILE, data)
        elif name not in (RUN, SCORES, SECONDS):
            write_bytes(home / "artifacts" / snapshot.task / name, data)


def commands(snapshot: Snapshot) -> list[list[str]]:
    """The words after `sac` that make the scores and the report of a laid out snapshot: built here, from names."""
    home = f"artifacts/{snapshot.task}"

    def repeated(option: str, role: tuple[str, ...], ending: str) -> list[str]:
        return [word for name in role for word in (f"--{option}", f"{home}/{option}/{name}{ending}")]

    redraws = ["--redraws", f"{home}/redraws.parquet"]
    score = ["score", snapshot.task, *repeated("outputs", snapshot.outputs, ".parquet"), "--out", f"{home}/{SCORES}", *redraws]
    report = [
        "report",
        snapshot.task,
        "--scores",
        f"{home}/{SCORES}",
        *redraws,
        *repeated("records", snapshot.records, ".json"),
        *repeated("probes", snapshot.probes, ""),
        "--published",
        "reports/published.csv",
        "--watermarked",
        "reports/watermarked.csv",
        "--references",
        f"{home}/references.json",
        "--out",
        f"reports/{snapshot.task}",
    ]
    references = [
        "references",
        snapshot.task,
        *(word for name in REFERRED for word in ("--outputs", f"{home}/outputs/{name}.parquet")),
        "--out",
        f"{home}/references.json",
    ]
    return [score, references, report]


def _roles(task: str) -> dict[str, list[str]]:
    """The names of each role in the order in which the run's own commands were given them."""
    stages = read_lock()
    found: dict[str, list[str]] = {}
    for stage, options in (("score", ("outputs",)), ("report", ("records", "probes"))):
        words = stages[f"{stage}@{task}"]["cmd"].split()
        for option in options:
            found[option] = [Path(after).stem for word, after in pairwise(words) if word == f"--{option}"]
    return found


def _files(names: dict[str, list[str]], examples: bool) -> set[str]:
    kept = (FACTS, EXAMPLES) if examples else (FACTS,)
    probes = {f"probes/{name}/{file}" for name in names["probes"] for file in kept}
    outputs = {f"outputs/{name}.parquet" for name in names["outputs"]}
    return probes | outputs | {f"records/{name}.json" for name in names["records"]}


def _run(raw: Any, where: str, task: str) -> tuple[dict[str, list[str]], str]:
    """The names of each role, and the kind of machine."""
    if not isinstance(raw, dict) or set(raw) - {"machine"} != {"task", *ROLES} or raw["task"] != task:
        raise BadInput(f"{where}: expected the task {task} and its {', '.join(ROLES)}")
    machine = raw.get("machine", "")
    if not isinstance(machine, str) or (machine and not MACHINE.fullmatch(machine)):
        raise BadInput(f"{where}: machine: expected the kind of a machine, found {str(machine)[:80]!r}")
    for role in ROLES:
        if not isinstance(raw[role], list) or not 0 < len(raw[role]) <= MOST or len(set(map(str, raw[role]))) < len(raw[role]):
            raise BadInput(f"{where}: {role}: expected 1 to {MOST} names, none twice")
        for name in raw[role]:
            check_name(str(name), f"{where}: {role}")
    return {role: [str(name) for name in raw[role]] for role in ROLES}, machine


def _check_files(snapshot: Snapshot) -> None:
    """Read what is text, so that no deep, damaged or monstrous file reaches the stages."""
    for name, data in snapshot.files.items():
        if name.endswith(".json"):
            value = parse_json(data, snapshot.where(name))
            if not isinstance(value, dict):
                raise BadInput(f"{snapshot.where(name)}: expected an object, found {type(value).__name__}")
    params = parse_yaml(snapshot.files[FILE].decode("utf-8", "replace"), snapshot.where(FILE))
    tasks = params.get("task") if isinstance(params, dict) else None
    if not isinstance(tasks, dict) or list(tasks) != [snapshot.task]:
        raise BadInput(f"{snapshot.where(FILE)}: expected the parameters of the task {snapshot.task} alone")


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()
