"""Where models are kept: the store holds every one ever made, by its key. Only the process that drives a run writes here.

A killed run goes on where it was, one more seed trains one more model, and irrelevant models serve every task that shares
their images.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.errors import BadInput
from pipeline.core.executor import run_all
from pipeline.core.files import write_bytes, write_text
from pipeline.core.lock import held
from pipeline.core.seal import check_files, file_digest, read_sealed, write_sealed
from pipeline.zoo.make import Finished, Make, Order, files_of, weights_file
from pipeline.zoo.plan import Job, Material, read_model

MARKER = "sac-store.txt"
ABOUT = "Trained models of sac-bench, by the keys of their runs. Only `sac` writes here; deleting the folder frees the space.\n"
DAMAGED = "damaged"
SCRATCH = re.compile(r"\.([0-9a-f]{32}[-.].+|sac-store\.txt)\.[a-z0-9_]{8}")
"""What `files.replacing` names the files that are being written here."""


class Store:
    """A folder of models. For each run it holds the model files, the seconds that the run took with the files' SHA-256, and a
    record for each set of images that the models were measured on. A file that differs is set aside under `damaged` and made
    anew."""

    def __init__(self, folder: Path):
        self.folder = folder

    def train(self, jobs: list[Job], material: Material, label: str) -> list[dict[str, object]]:
        """Make or measure what is not here, and return the records of all suspects in the order of `jobs`.

        A record is make.py's. How long a run took is no part of it, for no run repeats its seconds: see `seconds`.
        """
        with self.only_writer():
            missing = [job for job in jobs if not (self.is_made(job) and self._whole(self._record(job), job))]
            for finished in run_all(Make(material), map(self._order, missing), label, len(missing)):
                self.keep(finished)
            return [record for job in jobs for record in self.records(job)]

    def is_made(self, job: Job) -> bool:
        """Whether the models of a run are here, as they were written. What differs is reported, and set aside."""
        if not self._whole(self._made(job), job):
            return False
        sums = read_sealed(self._made(job))["files"]
        try:
            check_files(self.folder, sums, [self.file(job, name).name for name in files_of(job)])
        except BadInput as error:
            for name in [*sums, self._made(job).name]:
                self._set_aside(self.folder / name)
            _tell(error)
            return False
        return True

    def keep(self, finished: Finished) -> None:
        """Write what a worker brought."""
        for name, data in finished.files.items():
            write_bytes(self.file(finished.job, name), data)
        if finished.seconds is not None:
            files = [self.file(finished.job, name) for name in finished.files]
            about = {"seconds": finished.seconds, "files": {file.name: file_digest(file) for file in files}}
            write_sealed(self._made(finished.job), about, {"key": finished.job.key})
        write_sealed(self._record(finished.job), {"models": finished.records}, {"key": finished.job.key})

    def records(self, job: Job) -> list[dict[str, object]]:
        """The records of a run's models, each with the SHA-256 of its weights."""
        sums = read_sealed(self._made(job))["files"]
        return [
            {**record, "sha256": sums[self.file(job, weights_file(suspect.variant)).name]}
            for record, suspect in zip(read_sealed(self._record(job))["models"], job.suspects, strict=True)
        ]

    def seconds(self, key: str) -> float | None:
        """The core-seconds that the run with this key took where it was made, or None if it is not here."""
        file = self.folder / f"{key}.json"
        return float(read_sealed(file, key=key)["seconds"]) if file.exists() else None

    def file(self, job: Job, name: str) -> Path:
        """Where a file of a run lies."""
        return self.folder / f"{job.key}-{name}"

    def copy(self, job: Job, name: str, out: Path) -> None:
        """Copy a file of a run to `out`."""
        shutil.copyfile(self.file(job, name), out)

    @contextmanager
    def only_writer(self) -> Iterator[None]:
        """Holds the store: of all processes one writes, and the others wait for it, then find what it made.

        Raises BadInput for a folder that holds something else.
        """
        self._claim()
        with held(self.folder / "lock", "training into this store", "set SAC_ZOO to another folder"):
            for scratch in self.folder.iterdir():  # what a killed run left half-written
                if SCRATCH.fullmatch(scratch.name):
                    scratch.unlink()
            yield

    def _claim(self) -> None:
        """A folder is a store's if it has the marker; an empty one gets it. In any other one nothing is written."""
        if (self.folder / MARKER).is_file():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if any(not SCRATCH.fullmatch(path.name) for path in self.folder.iterdir()):
            raise BadInput(
                f"{self.folder}: holds files, but no store of models (no {MARKER}): expected an empty or a new "
                f"folder, such as SAC_ZOO={self.folder / 'sac-zoo'}"
            )
        write_text(self.folder / MARKER, ABOUT)

    def _whole(self, file: Path, job: Job) -> bool:
        """Whether a file of JSON is here and holds what was written for a run; one that does not is set aside."""
        try:
            read_sealed(file, key=job.key)
        except BadInput as error:
            if file.exists():
                self._set_aside(file)
                _tell(error)
            return False
        return True

    def _set_aside(self, file: Path) -> None:
        if file.exists():
            (self.folder / DAMAGED).mkdir(exist_ok=True)
            file.replace(self.folder / DAMAGED / file.name)

    def _order(self, job: Job) -> Order:
        made = {name: self.file(job, name).read_bytes() for name in files_of(job)} if self.is_made(job) else None
        return Order(job, read_model(job.start) if job.start else None, made)

    def _made(self, job: Job) -> Path:
        return self.folder / f"{job.key}.json"

    def _record(self, job: Job) -> Path:
        """The records, which depend on the images that models are measured on."""
        return self.folder / f"{job.key}-{job.measured_on[:12]}.json"


def _tell(error: BadInput) -> None:
    print(f"{error}: set aside in {DAMAGED}/ and made anew", file=sys.stderr)


def store_folder() -> Path:
    """Where trained models are kept: `.zoo`, or the folder that SAC_ZOO names."""
    return Path(os.environ.get("SAC_ZOO", ".zoo"))
