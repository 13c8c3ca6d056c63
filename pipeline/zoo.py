"""Which models a task has, how each is made once, and where it is kept.

The store holds every model ever made by a key over all that shapes its weights: the recipe, the training images and
labels, the source's weights where they take part, the code, torch's version and the kind of device. A killed run goes
on where it was, one more seed trains one more model, and irrelevant models serve every task that shares their images.
"""

import fcntl
import inspect
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import pipeline
from pipeline.benchmark import Verification
from pipeline.data.images import Images, load_images
from pipeline.errors import BadInput
from pipeline.executor import run_all
from pipeline.files import digest, read_json, write_json
from pipeline.models import family
from pipeline.suspects import Index, Suspect, architecture_of
from pipeline.training.maker import Maker
from pipeline.training.recipe import Recipe
from pipeline.verifier import imitation, verification_accuracy

CODE = Path(pipeline.__file__).parent
SHAPES_WEIGHTS = ("data/images.py", "models/__init__.py", "models/network.py", "training/augment.py",
                  "training/device.py", "training/fit.py", "training/perturb.py", "training/recipe.py")
MEASURES_VERIFICATION = ("pairs.py", "verification.py", "verifier.py")


@dataclass(frozen=True)
class Job:
    """One training run: what is made of what, and the key of the result."""

    name: str
    maker: Maker
    arch: str
    seed: int
    recipe: Recipe
    images: Path
    test: Path
    source: Path | None
    start: Path | None
    draw: int
    key: str
    measured_on: str
    verification: Verification | None

    @property
    def suspects(self) -> list[Suspect]:
        return [Suspect(self.name, self.arch, self.seed, variant) for variant in self.maker.variants]


def plan(name: str, maker: Maker, archs: Iterable[str], seeds: int, recipe: Recipe, images: Path, test: Path,
         source: Path | None, starts: Path | None = None, verification: Verification | None = None) -> list[Job]:
    """The runs that `maker` asks for: every architecture by every seed and copy.

    archs: the task's; a white-box maker gets the source's alone. starts: the folder of the suspects it starts from.
    verification: that of the task.
    """
    content = load_images(images).digest()
    source = source if maker.needs_source else None
    weights = digest(_bytes(source)) if source else ""
    machine = [version("torch"), "gpu" if os.path.exists("/dev/nvidia0") else "cpu"]
    measured_on = load_images(test).digest()
    if verification:
        measured_on = digest(measured_on, str(verification.pairs), str(verification.seed),
                             *((CODE / name).read_bytes() for name in MEASURES_VERIFICATION))
    jobs = []
    for arch in archs:
        for seed in range(seeds * maker.copies):
            start = starts / f"{Suspect(maker.start, arch, seed, '').name}.safetensors" if maker.start else None
            began = digest(_bytes(start)) if start else ""
            draw = int(digest(content, weights, name, arch, str(seed))[:12], 16)
            about = {"name": name, "maker": maker.model_dump(exclude={"copies", "recipe"}), "arch": arch,
                     "recipe": recipe.model_dump(), "draw": draw, "from": [content, weights, began],
                     "machine": machine, "code": _code(maker, arch, source)}
            jobs.append(Job(name, maker, arch, seed, recipe, images, test, source, start, draw,
                            digest(json.dumps(about, sort_keys=True))[:32], measured_on, verification))
    return jobs


def train(jobs: list[Job], store: Path, label: str) -> list[dict]:
    """Make or measure what the store lacks, and return the records of all suspects in the order of `jobs`.

    A record: the suspect, train and test accuracy, core-seconds of the whole run it comes from, recipe, seed and key. For
    face verification, test accuracy is that of pairs of test people. What imitates embeddings has no accuracy in training:
    in its place stands their mean cosine to the teacher's, of which 1 means converged, too.
    """
    with _only_writer(store):
        missing = [job for job in jobs if not (_made_file(store, job).exists() and _record_file(store, job).exists())]
        for _ in run_all(_Make(store), missing, label):
            pass
        return [record for job in jobs for record in read_json(_record_file(store, job))]


def make_models(name: str, maker: Maker, archs: Iterable[str], seeds: int, recipe: Recipe, images: Path, test: Path,
                out: Path, records: Path, source: Path | None = None, starts: Path | None = None,
                verification: Verification | None = None) -> None:
    """Plan, train what the store lacks, and collect: model files and suspects.json in `out`, the records in their
    file."""
    jobs = plan(name, maker, archs, seeds, recipe, images, test, source, starts, verification)
    store = store_folder()
    made = train(jobs, store, name)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for job in jobs:
        for suspect in job.suspects:
            shutil.copyfile(_weights_file(store, job, suspect.variant), out / f"{suspect.name}.safetensors")
        for file in maker.beside:
            shutil.copyfile(_beside_file(store, job, file), out / file)
    half = load_images(images)
    _write(out, records, _index(name, maker, [suspect for job in jobs for suspect in job.suspects]), made,
           {"images": len(half), "classes": len(half.classes)})


def make_none(name: str, maker: Maker, why: str, out: Path, records: Path) -> None:
    """The documented empty result of an attack that does not apply to a task."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    _write(out, records, _index(name, maker, [], why), [], {})


def _index(name: str, maker: Maker, suspects: list[Suspect], why: str | None = None) -> Index:
    return Index(name, maker.half, maker.needs_source, maker.own_arch, maker.copies, len(maker.variants), why, suspects)


def _write(out: Path, records: Path, index: Index, made: list[dict], learned: dict[str, int]) -> None:
    """Records hold seconds, which no run repeats: they lie apart from what later stages depend on."""
    write_json(out / "suspects.json", asdict(index))
    write_json(records, {"attack": index.attack, "half": index.half, "stolen": index.stolen, "why": index.why,
                         "learned": learned, "models": made})


def core_clock() -> Callable[[], float]:
    """Seconds of this process's one core, which other programs do not lengthen; on a GPU, seconds passed."""
    from pipeline.training.device import device

    return time.process_time if device().type == "cpu" else time.perf_counter


def store_folder() -> Path:
    """Where trained models are kept: `.zoo`, or the folder that SAC_ZOO names."""
    return Path(os.environ.get("SAC_ZOO", ".zoo"))


@dataclass(frozen=True)
class _Make:
    """The function that worker processes run: one job, from its files to the store's. What was made is only measured."""

    store: Path

    def __call__(self, job: Job) -> None:
        from pipeline.models.network import load
        from pipeline.training.device import device

        half = load_images(job.images)
        source = self._source(job, half).to(device()) if job.source else None
        start = load(job.start).to(device()) if job.start else None
        if not _made_file(self.store, job).exists():
            self._train(job, source, half, start)
        self._measure(job, source, job.maker.taught(source, half))

    def _source(self, job: Job, half: Images):
        """The source; in face verification with centres for the attacker's people, whom it does not know. Who learns its
        embeddings needs none."""
        from pipeline.models.network import load

        source = load(job.source)
        if not job.verification or job.recipe.imitates_embeddings:
            return source
        from pipeline.models.face import recentre

        return recentre(source, half)

    def _train(self, job: Job, source, half: Images, start) -> None:
        from pipeline.models.network import save

        clock = core_clock()
        began = clock()
        made = job.maker(source, half, job.arch, job.draw, job.recipe, start)
        seconds = round(clock() - began, 3)
        job.maker.keep(made, {name: _beside_file(self.store, job, name) for name in job.maker.beside})
        for variant, network in made.items():
            save(network, _weights_file(self.store, job, variant))
        write_json(_made_file(self.store, job), {"seconds": seconds})

    def _measure(self, job: Job, source, taught: Images) -> None:
        from pipeline.models.network import accuracy, load
        from pipeline.training.device import device

        test, seconds = load_images(job.test), read_json(_made_file(self.store, job))["seconds"]
        records = []
        for suspect in job.suspects:
            network = load(_weights_file(self.store, job, suspect.variant)).to(device())
            fitted = (imitation(network, source, taught.images) if job.recipe.imitates_embeddings
                      else accuracy(network, taught))
            right = (verification_accuracy(network, test, job.verification) if job.verification
                     else accuracy(network, test))
            records.append({**asdict(suspect), "suspect": suspect.name, "train_accuracy": fitted,
                            "test_accuracy": right, "seconds": seconds,
                            "recipe": job.recipe.model_dump(), "draw": job.draw, "key": job.key})
        write_json(_record_file(self.store, job), records)


def _weights_file(store: Path, job: Job, variant: str) -> Path:
    return store / f"{'-'.join(filter(None, (job.key, variant)))}.safetensors"


def _beside_file(store: Path, job: Job, name: str) -> Path:
    return store / f"{job.key}-{name}"


def _made_file(store: Path, job: Job) -> Path:
    """How long the run took. Written after the weights: where it is, they are."""
    return store / f"{job.key}.json"


def _record_file(store: Path, job: Job) -> Path:
    """The records, which depend on the images that models are measured on."""
    return store / f"{job.key}-{job.measured_on[:12]}.json"


def _code(maker: Maker, arch: str, source: Path | None) -> str:
    families = {family(arch), *([family(architecture_of(source))] if source else [])}
    names = (*SHAPES_WEIGHTS, *maker.code, *(f"models/{name}.py" for name in sorted(families)))
    files = [*(CODE / name for name in names), Path(inspect.getfile(type(maker)))]
    return digest(*(file.read_bytes() for file in files))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"{path}: no such model file; `dvc repro` makes it") from None


@contextmanager
def _only_writer(store: Path):
    store.mkdir(parents=True, exist_ok=True)
    with (store / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(f"{store}: another run is training into this store; wait for it, or set SAC_ZOO to another "
                           "folder") from None
        for scratch in store.glob(".*"):  # what a killed run left half-written
            scratch.unlink()
        yield
