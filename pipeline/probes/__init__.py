"""Probes: the inputs that suspects are asked. One file per family; a family makes probes of several methods.

Each file defines `Family`, whose fields are its parameters and whose call makes its probes:

    __call__(held_out: Images, models: DefenderModels) -> list[ProbeSet]

`held_out` says which images it is called with: `pool` or `accuracy`; `tasks`, which kinds of task it is for. A method is what
`fingerprint.method` names. A family that asks no model opens no model file, and imports no torch.
"""

from typing import Any

from pipeline.core.names import known, module
from pipeline.core.params import read


def read_family(name: str, source_seed: int = 0) -> Any:
    """The family `name` with its parameters from params.yaml; other draws for another source of the same kind."""
    family = read(f"probes.{name}", module("probes", name).Family)
    return family.model_copy(update={"seed": family.seed + source_seed}) if source_seed and hasattr(family, "seed") else family


def methods() -> dict[str, str]:
    """Every method of probes, with the family that makes it."""
    return {method: name for name in known("probes") for method in module("probes", name).Family.methods}
