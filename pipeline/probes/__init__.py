"""Probes: the inputs that suspects are asked. One file per family; a family makes probes of several methods.

Each file defines `Family`, whose fields are its parameters and whose call makes its probes:

    __call__(held_out: Images, models: DefenderModels) -> list[ProbeSet]

`held_out` says which images it is called with: `pool` or `accuracy`; `tasks`, which kinds of task it is for. A method is what
`fingerprint.method` names. A family that asks no model opens no model file, and imports no torch.
"""

from typing import Any

from pipeline.core.names import known, module
from pipeline.tasks.task import read_for, task_part


def read_family(name: str, task: str | None = None) -> Any:
    """The family `name` with its parameters from params.yaml, those that `task` gives it on top; other draws for another
    source of the same kind."""
    family = read_for(f"probes.{name}", module("probes", name).Family, task, "probes")
    moved = task_part(task, "source_seed") if task else 0
    return family.model_copy(update={"seed": family.seed + moved}) if moved and hasattr(family, "seed") else family


def methods() -> dict[str, str]:
    """Every method of probes, with the family that makes it."""
    return {method: name for name in known("probes") for method in module("probes", name).Family.methods}
