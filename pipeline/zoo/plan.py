"""Which models a task has, and the key of each, which hashes all that shapes it.

A key hashes all that shapes the weights: the recipe, the training images and labels, the source's weights where they take
part, the weights that training starts from, the code, torch's version, timm's where one of its networks takes part, and the
kind of machine (a CPU's maker, with or without bf16, or the model of a GPU).
"""

import inspect
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pipeline
from pipeline.core.code import meaning
from pipeline.core.errors import BadInput
from pipeline.core.executor import kind
from pipeline.core.files import digest
from pipeline.core.machine import TOO_BF16
from pipeline.data.images import Images, load_set
from pipeline.models import TIMM, check_architecture, family, gains_by_bf16
from pipeline.tasks.recipe import Recipe
from pipeline.tasks.task import Verification
from pipeline.training.maker import Maker
from pipeline.zoo.suspects import Suspect, architecture_of

CODE = Path(pipeline.__file__).parent
SHAPES_WEIGHTS = (
    "data/images.py",
    "models/__init__.py",
    "models/network.py",
    "training/augment.py",
    "training/device.py",
    "training/fit.py",
    "training/maker.py",
    "training/perturb.py",
    "tasks/recipe.py",
)
SHAPES_VERIFICATION = ("zoo/source.py",)
"""What shapes the weights besides, where the source of a face verification takes part."""
MEASURES_VERIFICATION = ("verification/pairs.py", "verification/thresholds.py", "verification/verifier.py")


@dataclass(frozen=True)
class Material:
    """What all runs of one plan share, as values and not as files, so that another machine can do a run.

    half: the images to learn. test: those that models are measured on. source: the bytes of its file, where it takes part.
    """

    half: Images
    test: Images
    source: bytes | None
    source_arch: str | None
    verification: Verification | None


@dataclass(frozen=True)
class Job:
    """One training run: who is made how, and the key of the result. start: the file of the model it starts from."""

    name: str
    maker: Maker
    arch: str
    seed: int
    recipe: Recipe
    start: Path | None
    draw: int
    key: str
    measured_on: str

    @property
    def suspects(self) -> list[Suspect]:
        """The models that the run yields."""
        return [Suspect(self.name, self.arch, self.seed, variant) for variant in self.maker.variants]


def read_material(
    task: str, maker: Maker, images: Path, test: Path, source: Path | None, verification: Verification | None = None
) -> Material:
    """The material of `maker`'s runs on `task` from its files. verification: that of the task.

    Raises BadInput if one is missing, damaged or another task's."""
    source = source if maker.needs_source else None
    return Material(
        load_set(images, task),
        load_set(test, task),
        read_model(source) if source else None,
        architecture_of(source) if source else None,
        verification,
    )


def read_model(path: Path) -> bytes:
    """The bytes of a model's file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"{path}: no such model file; `dvc repro` makes it") from None


def plan(
    name: str,
    maker: Maker,
    archs: Iterable[str],
    seeds: int,
    recipe: Recipe,
    material: Material,
    starts: Path | None = None,
    first: int = 0,
) -> list[Job]:
    """The runs that `maker` asks for: every architecture by every seed and copy.

    archs: the task's; a white-box maker gets the source's alone. starts: the folder of the suspects it starts from.
    first: the lowest seed.
    """
    content, weights = material.half.digest(), digest(material.source) if material.source else ""
    found = kind()
    measured_on = _measured_on(material)
    jobs = []
    for arch in archs:
        code = _code(maker, arch, material)
        machine = [*_libraries(arch, material.source_arch), _device(found, arch, material.source_arch)]
        for seed in range(first, first + seeds * maker.copies):
            start = _start(maker, name, starts, arch, seed)
            began = digest(read_model(start)) if start else ""
            draw = int(digest(content, weights, name, arch, str(seed))[:12], 16)
            about = {
                "name": name,
                "maker": maker.model_dump(exclude={"copies", "recipe"}),
                "arch": arch,
                "recipe": recipe.model_dump(),
                "draw": draw,
                "from": [content, weights, began],
                "machine": machine,
                "code": code,
            }
            jobs.append(
                Job(name, maker, arch, seed, recipe, start, draw, digest(json.dumps(about, sort_keys=True))[:32], measured_on)
            )
    return jobs


def _start(maker: Maker, name: str, starts: Path | None, arch: str, seed: int) -> Path | None:
    """The file of the suspect that a run starts from, if its maker starts from one."""
    if not maker.start:
        return None
    if starts is None:
        raise BadInput(
            f"{name} starts from the suspects of {maker.start}: expected their folder, found none: "
            f"--starts artifacts/TASK/zoo/{maker.start}"
        )
    return starts / f"{Suspect(maker.start, arch, seed, '').name}.safetensors"


def _measured_on(material: Material) -> str:
    content, verification = material.test.digest(), material.verification
    if not verification:
        return content
    ways = (meaning(CODE / name) for name in MEASURES_VERIFICATION)
    return digest(content, str(verification.pairs), str(verification.seed), *ways)


def _libraries(arch: str, source: str | None) -> list[str]:
    """The versions of what trains, and of timm if it makes the model or the source that teaches it."""
    theirs = [one for one in (arch, source) if one and family(one) == TIMM]
    for one in theirs:
        check_architecture(one)
    return [version("torch"), *([version(TIMM)] if theirs else [])]


def _device(found: str, arch: str, source: str | None) -> str:
    """What computes, and with how many digits: only a model, or a source that teaches it, for which bf16 is the faster way
    depends on whether the processor has it."""
    low = gains_by_bf16(arch) or (source is not None and gains_by_bf16(source))
    return found if low else found.removesuffix(TOO_BF16)


def _code(maker: Maker, arch: str, material: Material) -> str:
    source = material.source_arch
    families = {family(arch), *([family(source)] if source else [])}
    faces = SHAPES_VERIFICATION if material.verification and source else ()
    names = (*SHAPES_WEIGHTS, *maker.code, *(f"models/{name}.py" for name in sorted(families)), *faces)
    files = [*(CODE / name for name in names), Path(inspect.getfile(type(maker)))]
    return digest(*(meaning(file) for file in files))
