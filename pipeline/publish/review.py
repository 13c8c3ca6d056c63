"""Recompute every score, table and figure of a published run from its stored outputs, and compare with what is committed.

Everything is made in a scratch folder, by commands that are built here from names alone: nothing can heal what is wrong, and
a snapshot of a stranger's decides neither what runs nor where it writes. What runs has bounded time, memory and files.
"""

import os
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.core.errors import BadInput
from pipeline.core.files import write_text
from pipeline.publish.compare import Differences, compare_files, compare_scores
from pipeline.publish.costs import COSTS, run_costs
from pipeline.publish.croissant import CARD, croissant
from pipeline.publish.snapshot import SCORES, Snapshot, commands, lay_out, read_snapshot
from pipeline.publish.sums import REPORTS, SUMS
from pipeline.reports.text import write_csv

INPUTS = ("published.csv", "watermarked.csv")
"""What reports read besides the run: the papers' values, and EWE's rows from the twins."""
MADE = ("tables", "figures")
LIMITS = {resource.RLIMIT_AS: 12_000_000_000, resource.RLIMIT_FSIZE: 256_000_000, resource.RLIMIT_CPU: 1200}
"""What recomputing a run may take: bytes of memory, bytes of one file, seconds."""


@dataclass(frozen=True)
class Review:
    """Review one task in `scratch`: the reports of all tasks come together under `scratch`/reports."""

    scratch: Path

    def __call__(self, task: str) -> Differences:
        """What differs; a snapshot that cannot be read or recomputed is one difference, its reason."""
        try:
            snapshot = read_snapshot(task)
            made = recompute(snapshot, self.scratch / task)
        except BadInput as error:
            return Differences(0, [str(error)])
        scores = self.scratch / task / "artifacts" / task / SCORES
        result = compare_scores(snapshot.where(SCORES), snapshot.files[SCORES], scores)
        result.add(compare_folders(REPORTS / task, made))
        shutil.copytree(made, self.scratch / "reports" / task)
        write_csv(run_costs(snapshot), self.scratch / task / COSTS.name)
        return result


def recompute(snapshot: Snapshot, home: Path) -> Path:
    """Make scores and report of a snapshot again in the folder `home`. Returns the folder of the report."""
    lay_out(snapshot, home)
    for name in INPUTS:
        (home / "reports").mkdir(exist_ok=True)
        shutil.copyfile(REPORTS / name, home / "reports" / name)
    for words in commands(snapshot):
        run(words, home)
    return home / "reports" / snapshot.task


def compare_folders(committed: Path, made: Path) -> Differences:
    """Compare all that a report consists of. What else lies beside it (measured seconds) no run makes again."""
    old = {file.relative_to(committed) for part in MADE for file in (committed / part).rglob("*") if not file.is_dir()}
    new = {file.relative_to(made) for file in made.rglob("*") if file.is_file()}
    result = Differences(0, [])
    for name in sorted(old | new):
        result.add(compare_files(committed / name, made / name))
    return result


def make_overview(scratch: Path) -> Path:
    """Make the page and the tables over all tasks again, after those of the tasks. Returns their folder.

    The data card there is that of the committed files: it holds their sums, and the last bits of what is made may differ.
    """
    made = scratch / "reports"
    costs = [pd.read_csv(file, keep_default_na=False) for file in sorted(scratch.glob(f"*/{COSTS.name}"))]
    write_csv(pd.concat(costs, ignore_index=True), made / COSTS.name)
    run(["index", "--reports", str(made)], Path())
    write_text(made / CARD, croissant(REPORTS))
    return made


def compare_overview(made: Path) -> Differences:
    """Compare the page and the tables over all tasks."""
    names = {path.name for folder in (REPORTS, made) for path in folder.iterdir() if not path.is_dir()} - {SUMS.name}
    result = Differences(0, [])
    for name in sorted(name for name in names if name not in INPUTS or (made / name).exists()):
        result.add(compare_files(REPORTS / name, made / name))
    return result


def unpublished(tasks: list[str]) -> list[str]:
    """The tasks that have a report here and are none of `tasks`: the page over all shows them, and no snapshot makes it."""
    return sorted({file.parent.name for file in REPORTS.glob("*/metrics.json")} - set(tasks))


def run(words: list[str], folder: Path) -> None:
    """Run a command of `sac` in `folder` within LIMITS; BadInput with its last words if it fails."""
    environment = {name: value for name, value in os.environ.items() if name != "DVC_STAGE"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "stages.cli", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        preexec_fn=_limit,
    )
    if done.returncode:
        raise BadInput(f"sac {' '.join(words[:2])}: {' '.join(done.stderr.split())[-300:] or f'ended by {done.returncode}'}")


def _limit() -> None:
    for kind, most in LIMITS.items():
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
