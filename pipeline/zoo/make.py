"""What a worker does: one training run, from values to bytes. It reads and writes no file that others see.

So a run can be made in this process, in another one, or on a machine that shares no folder with this one. Files that code
reads by their path (a source, a model to start from) lie in a folder of their own while the run lasts.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.data.images import Images
from pipeline.verification.verifier import imitation, verification_accuracy
from pipeline.zoo.plan import Job, Material
from pipeline.zoo.source import source_for

if TYPE_CHECKING:
    from pipeline.models.network import Network


@dataclass(frozen=True)
class Order:
    """A job with the bytes that it needs. start: of the model it starts from. made: of its models, by file name, if they are
    made and only have to be measured."""

    job: Job
    start: bytes | None
    made: dict[str, bytes] | None


@dataclass(frozen=True)
class Finished:
    """What a run gave: its files by name, if it trained, and the seconds that took; a record of each model.

    A record: the suspect, train and test accuracy, recipe, seed and key. For face verification, test accuracy is that of
    pairs of test people. A model that imitates embeddings has no accuracy in
    training: in its place stands the mean cosine of its embeddings and the teacher's, which is 1 when it has converged.
    """

    job: Job
    files: dict[str, bytes]
    seconds: float | None
    records: list[dict[str, object]]


@dataclass(frozen=True)
class Make:
    """The function that workers run. `material` travels once to each of them, an order for every run."""

    material: Material

    def __call__(self, order: Order) -> Finished:
        """Train, unless the models came along, and measure."""
        from pipeline.training.device import device

        with tempfile.TemporaryDirectory(prefix="sac-make-") as name:
            folder, job = Path(name), order.job
            source = source_for(self.material, job.recipe)
            source = source.to(device()) if source is not None else None
            for file, data in (order.made or {}).items():
                (folder / file).write_bytes(data)
            seconds = None if order.made else self._train(folder, order, source)
            files = {} if order.made else {file: (folder / file).read_bytes() for file in files_of(job)}
            return Finished(job, files, seconds, self._measure(folder, job, source))

    def _train(self, folder: Path, order: Order, source: "Network | None") -> float:
        from pipeline.models.network import save, unpack
        from pipeline.training.device import device

        job = order.job
        start = unpack(order.start, str(job.start)).to(device()) if order.start is not None else None
        clock = core_clock()
        began = clock()
        made = job.maker(source, self.material.half, job.arch, job.draw, job.recipe, start)
        seconds = round(clock() - began, 3)
        job.maker.keep(made, {name: folder / name for name in job.maker.extras})
        for variant, network in made.items():
            save(network, folder / weights_file(variant))
        return seconds

    def _measure(self, folder: Path, job: Job, source: "Network | None") -> list[dict[str, object]]:
        from pipeline.models.network import accuracy, load
        from pipeline.training.device import device

        taught, records = job.maker.taught(source, self.material.half), []
        for suspect in job.suspects:
            network = load(folder / weights_file(suspect.variant)).to(device())
            records.append(
                {
                    **asdict(suspect),
                    "suspect": suspect.name,
                    "train_accuracy": (
                        imitation(network, source, taught.images)
                        if source is not None and job.recipe.imitates_embeddings
                        else accuracy(network, taught)
                    ),
                    "test_accuracy": self._test_accuracy(network),
                    "recipe": job.recipe.model_dump(),
                    "draw": job.draw,
                    "key": job.key,
                }
            )
        return records

    def _test_accuracy(self, network: "Network") -> float:
        from pipeline.models.network import accuracy

        test: Images = self.material.test
        if self.material.verification:
            return float(verification_accuracy(network, test, self.material.verification))
        return accuracy(network, test)


def weights_file(variant: str) -> str:
    """The name of a model's file among those of its run."""
    return f"{variant or 'model'}.safetensors"


def files_of(job: Job) -> list[str]:
    """The names of all files that a run gives."""
    return [*(weights_file(variant) for variant in job.maker.variants), *job.maker.extras]


def core_clock() -> Callable[[], float]:
    """Seconds of this process's one core, which other programs do not lengthen; on a GPU, seconds passed."""
    from pipeline.training.device import device

    return time.process_time if device().type == "cpu" else time.perf_counter
