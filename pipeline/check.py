"""The whole of params.yaml, checked before any stage starts: a misspelt name or key stops before anything is
trained."""

from pipeline.attacks import SECTIONS, read_attack, section_of
from pipeline.benchmark import Benchmark, Count
from pipeline.errors import BadInput, unknown
from pipeline.fingerprints.naming import Fingerprint, check_fingerprint, read_comparisons
from pipeline.models import check_architecture, family
from pipeline.names import module
from pipeline.params import FILE, read
from pipeline.probes import read_family
from pipeline.statistics import Statistics

EMBEDS = "face"
"""The family of architectures that embed, which face verification compares."""
SLIM = "_slim"
"""How those of them end that embed in 64 numbers; the others embed in 512."""


def check_params() -> None:
    """Raise BadInput for the first thing in params.yaml that cannot be."""
    benchmarks = {name: read(f"benchmarks.{name}", Benchmark) for name in read("benchmarks")}
    for name, benchmark in benchmarks.items():
        _check_benchmark(f"benchmarks.{name}", benchmark)
    for task in read("tasks", tuple[str, ...]):
        if task not in benchmarks:
            raise BadInput(f"{FILE}: tasks: {unknown('task', task, benchmarks)}")
    for section, other in (SECTIONS, SECTIONS[::-1]):
        for name in read(section):
            if section_of(name) != section:
                raise BadInput(f"{FILE}: {section}.{name}: this attack belongs to the section {other}")
            for benchmark in benchmarks.values():
                read_attack(name).recipe_for(benchmark.recipe)
    for name in read("probes"):
        read_family(name)
    read_comparisons()
    read("counts", tuple[Count, ...])
    read("metrics", Statistics)
    check_fingerprint("fingerprint", read("fingerprint", Fingerprint))
    for name, fingerprint in read("table", dict[str, Fingerprint]).items():
        check_fingerprint(f"table.{name}", fingerprint)


def _check_benchmark(where: str, benchmark: Benchmark) -> None:
    try:
        module("people" if benchmark.verification else "data", benchmark.data)
        if benchmark.transfer:
            module("data", benchmark.transfer.data)
        for arch in (benchmark.source, *benchmark.archs, *benchmark.surrogates.archs,
                     *benchmark.references.archs):
            check_architecture(arch)
            if benchmark.verification and family(arch) != EMBEDS:
                raise BadInput(f"face verification compares embeddings, which {arch} has none of: expected architectures of "
                               f"pipeline/models/{EMBEDS}.py")
        if benchmark.verification:
            _check_embeddings((benchmark.source, *benchmark.archs, *benchmark.surrogates.archs))
    except BadInput as error:
        raise BadInput(f"{FILE}: {where}: {error}") from None


def _check_embeddings(archs: tuple[str, ...]) -> None:
    """Raise BadInput if those that imitate the source's embeddings would make them of another size."""
    slim, wide = ([arch for arch in archs if arch.endswith(SLIM) == own] for own in (True, False))
    if slim and wide:
        raise BadInput(f"{slim[0]} embeds in fewer numbers than {wide[0]}, so that neither can imitate the other: expected "
                       f"source, archs and surrogates.archs that all end in {SLIM}, or none of them")
