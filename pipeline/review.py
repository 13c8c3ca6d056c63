"""Recompute every score, table and figure of a published run from its stored outputs, and compare with what is committed.

Everything is made in a scratch folder, by the commands that the run itself recorded: nothing can heal what is wrong.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pipeline.compare import Comparison, compare_files, compare_scores
from pipeline.errors import BadInput
from pipeline.snapshot import FOLDER, PARAMS, REPLAYED, command, files_of

REPORTS = Path("reports")
INPUTS = ("published.csv", "watermarked.csv")
"""What reports read besides the run: the papers' values, and EWE's rows from the twins."""
MADE = ("tables", "figures")


@dataclass(frozen=True)
class Review:
    """Review one task in `scratch`: the reports of all tasks come together under `scratch`/reports."""

    scratch: Path

    def __call__(self, task: str) -> Comparison:
        home = self.scratch / task
        _lay_out(task, home)
        for stage in REPLAYED:
            run(command(task, stage), home)
        result = compare_scores(FOLDER / task / "scores.parquet", home / "artifacts" / task / "scores.parquet")
        made = home / "reports" / task
        result.add(compare_folders(REPORTS / task, made))
        shutil.copytree(made, self.scratch / "reports" / task)
        return result


def compare_folders(committed: Path, made: Path) -> Comparison:
    """Compare all that a report consists of. What else lies beside it (notes, measured seconds) no run makes again."""
    old = {file.relative_to(committed) for part in MADE for file in files_of(committed / part)}
    new = {file.relative_to(made) for file in files_of(made)}
    result = Comparison(0, [])
    for name in sorted(old | new):
        result.add(compare_files(committed / name, made / name))
    return result


def compare_overview(scratch: Path) -> Comparison:
    """Make the page and the tables over all tasks again, and compare them."""
    made = scratch / "reports"
    run(["index", "--reports", str(made)], Path())
    names = {path.name for folder in (REPORTS, made) for path in folder.iterdir() if path.is_file()}
    result = Comparison(0, [])
    for name in sorted(name for name in names if name not in INPUTS or (made / name).exists()):
        result.add(compare_files(REPORTS / name, made / name))
    return result


def unpublished(tasks: list[str]) -> list[str]:
    """The tasks that have a report here and are none of `tasks`: the page over all shows them, and no snapshot makes it."""
    return sorted({file.parent.name for file in REPORTS.glob("*/metrics.json")} - set(tasks))


def run(words: list[str], folder: Path) -> None:
    """Run a command of `sac` in `folder`; BadInput with its last words if it fails."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-m", "stages.cli", *words], cwd=folder, env=environment, capture_output=True,
                          text=True)
    if done.returncode:
        raise BadInput(f"sac {' '.join(words[:2])}: {' '.join(done.stderr.split())[-300:]}")


def _lay_out(task: str, home: Path) -> None:
    """The run's folder as its commands expect it: parameters, artifacts, and what reports read."""
    shutil.copytree(FOLDER / task, home / "artifacts" / task)
    (home / "artifacts" / task / "scores.parquet").unlink()
    shutil.move(home / "artifacts" / task / PARAMS, home / PARAMS)
    (home / "reports").mkdir()
    for name in INPUTS:
        shutil.copyfile(REPORTS / name, home / "reports" / name)
