"""A folder of models for the stages that follow: planned, made where the store lacks them, copied, and listed."""

import shutil
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from pipeline.core.seal import Origin, file_digest, verify, write_sealed
from pipeline.tasks.recipe import Recipe
from pipeline.tasks.task import Verification
from pipeline.training.maker import Maker
from pipeline.zoo.make import weights_file
from pipeline.zoo.plan import plan, read_material
from pipeline.zoo.store import Store, store_folder
from pipeline.zoo.suspects import INDEX, Index, Suspect


def make_models(
    task: str,
    name: str,
    maker: Maker,
    archs: Iterable[str],
    seeds: int,
    recipe: Recipe,
    images: Path,
    test: Path,
    out: Path,
    records: Path,
    source: Path | None = None,
    starts: Path | None = None,
    verification: Verification | None = None,
    first_seed: int = 0,
) -> None:
    """Plan, train what the store lacks, and collect: model files and suspects.json in `out`, the records in their
    file. Both say that they are of `task` and its source; a source says so of itself."""
    material = read_material(task, maker, images, test, source, verification)
    jobs, store = plan(name, maker, archs, seeds, recipe, material, starts, first_seed), Store(store_folder())
    made = store.train(jobs, material, name)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for job in jobs:
        for suspect in job.suspects:
            store.copy(job, weights_file(suspect.variant), out / f"{suspect.name}.safetensors")
        for file in maker.extras:
            store.copy(job, file, out / file)
    first = source or out / f"{jobs[0].suspects[0].name}.safetensors"
    _write(
        out,
        records,
        _index(name, maker, [suspect for job in jobs for suspect in job.suspects]),
        made,
        {"images": len(material.half), "classes": len(material.half.classes)},
        _origin(task, first),
    )


def make_none(task: str, name: str, maker: Maker, why: str, out: Path, records: Path, source: Path) -> None:
    """The documented empty result of an attack that does not apply to a task."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    _write(out, records, _index(name, maker, [], why), [], {}, _origin(task, source))


def _origin(task: str, source: Path) -> Origin:
    return {"task": task, "source": file_digest(source)}


def _index(name: str, maker: Maker, suspects: list[Suspect], why: str | None = None) -> Index:
    return Index(name, maker.domain, maker.needs_source, maker.own_arch, maker.copies, len(maker.variants), why, suspects)


def _write(out: Path, records: Path, index: Index, made: list[dict[str, object]], learned: dict[str, int], of: Origin) -> None:
    """Records lie apart from what the stages that ask the models depend on."""
    files = {file.name: file_digest(file) for file in sorted(out.iterdir())}
    write_sealed(out / INDEX, asdict(replace(index, files=files)), of)
    of = of | {"models": verify(out / INDEX).digest}
    write_sealed(
        records,
        {
            "attack": index.attack,
            "domain": index.domain,
            "stolen": index.stolen,
            "why": index.why,
            "learned": learned,
            "models": made,
        },
        of,
    )
