"""Probes: the inputs that suspects are asked. One file per family; a family makes probes of several kinds.

Each file defines `Family`, whose fields are its parameters and whose call makes its probes:

    __call__(held_out: Images, models: DefenderModels) -> list[ProbeSet]

`held_out` says which images it is called with: `pool` or `accuracy`; `tasks`, which kinds of task it is for. A kind is what
`fingerprint.method` names. A family that asks no model opens no model file, and imports no torch.
"""

from pipeline.names import known, module
from pipeline.params import read


def read_family(name: str):
    """The family `name` with its parameters from params.yaml."""
    return read(f"probes.{name}", module("probes", name).Family)


def kinds() -> dict[str, str]:
    """Every kind of probes, with the family that makes it."""
    return {kind: name for name in known("probes") for kind in module("probes", name).Family.kinds}
