"""Where a model is trained: a GPU where there is one, else one CPU thread: the same seed gives the same bytes."""

import os
from functools import cache

import torch

from pipeline.core import machine
from pipeline.models import in_bf16

torch.set_num_threads(1)


def device() -> torch.device:
    """The GPU that this process owns, with its memory bounded to the share of it and its kernels chosen; or the CPU."""
    return _card(machine.share(), machine.deterministic()) if machine.cards() else torch.device("cpu")


@cache
def _card(part: float, deterministic: bool) -> torch.device:
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = not deterministic
    torch.use_deterministic_algorithms(deterministic)
    if part < 1:
        torch.cuda.set_per_process_memory_fraction(part, 0)
    return torch.device("cuda", 0)


def mixed_precision(where: torch.device, arch: str) -> torch.autocast:
    """bf16 on a GPU, and on a CPU for the architectures that gain by it there."""
    return torch.autocast(where.type, dtype=torch.bfloat16, enabled=where.type == "cuda" or in_bf16(arch))
