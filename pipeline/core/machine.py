"""What kind of machine this is, and which GPUs it has. Knows no torch: training/device.py makes a card ready for use.

SAC_GPU_SHARE is the share of a card that one worker owns: 1 (the default) gives each a card of its own, 0.25 lets four slim
models share one, with a quarter of its memory each, 0 leaves all cards alone. SAC_DETERMINISTIC=1 asks for kernels that give
the same bytes again, at some cost of time. CUDA_VISIBLE_DEVICES says which cards there are, as everywhere.
"""

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.core.errors import BadInput

VISIBLE = "CUDA_VISIBLE_DEVICES"
SHARE, DETERMINISTIC, BF16 = "SAC_GPU_SHARE", "SAC_DETERMINISTIC", "SAC_BF16"
CPUINFO = Path("/proc/cpuinfo")
TOO_BF16 = ", bf16"
"""How the kind of a processor ends that multiplies bf16."""


@dataclass(frozen=True)
class Card:
    """A GPU: the name by which CUDA_VISIBLE_DEVICES asks for it, and its model."""

    name: str
    model: str


def cards() -> list[Card]:
    """The GPUs that this process may use."""
    if share() == 0:
        return []
    present = _present()
    if (asked := os.environ.get(VISIBLE)) is None:
        return [Card(index, model) for index, _, model in present]
    by_name = {name: model for index, uuid, model in present for name in (index, uuid)}
    return [Card(name, by_name[name]) for name in map(str.strip, asked.split(",")) if name in by_name]


def share() -> float:
    """The share of a card that a worker owns, from SAC_GPU_SHARE. Raises BadInput for anything but a number from 0 to 1."""
    asked = os.environ.get(SHARE, "1")
    try:
        value = float(asked)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise BadInput(f"{SHARE}: expected a number from 0 (no GPU) to 1 (a card for each worker), found {asked!r}")
    return value


def places() -> list[str]:
    """The names of cards, one for each worker that there is room for: every card once, then every card again."""
    return [card.name for card in cards()] * int(1 / share() + 1e-9) if share() else []


def claim(card: str) -> None:
    """Make `card` the only one that this process sees. Before torch is imported."""
    os.environ[VISIBLE] = card


def kind() -> str:
    """What decides the bytes of a model that is trained here: the processor's maker, whose kernels sum in an order of their own
    (measured: AMD's and Intel's differ), and whether it multiplies bf16; or the model of the cards.

    Raises BadInput if there are cards of several models, of which nobody could tell which one made what.
    """
    models = sorted({card.model for card in cards()})
    if len(models) > 1:
        raise BadInput(f"cards of several models: {', '.join(models)}; set {VISIBLE} to those of one")
    if models:
        return f"{models[0]}, deterministic" if deterministic() else models[0]
    return f"cpu {_maker(CPUINFO)}{TOO_BF16 if multiplies_bf16() else ''}"


def multiplies_bf16() -> bool:
    """Whether the processor has AVX512_BF16 or AMX, which Linux tells. The environment's SAC_BF16=0 says no."""
    return os.environ.get(BF16, "1") != "0" and _has_bf16(CPUINFO)


def deterministic() -> bool:
    """Whether SAC_DETERMINISTIC asks for kernels that give the same bytes again."""
    asked = os.environ.get(DETERMINISTIC, "0")
    if asked not in ("0", "1"):
        raise BadInput(f"{DETERMINISTIC}: expected 0 or 1, found {asked!r}")
    return asked == "1"


def _present() -> list[tuple[str, str, str]]:
    """(index, UUID, model) of every card."""
    program = shutil.which("nvidia-smi")
    return _listed(program) if program else []


@cache
def _listed(program: str) -> list[tuple[str, str, str]]:
    asked = [program, "--query-gpu=index,uuid,name", "--format=csv,noheader"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    rows = [tuple(map(str.strip, line.split(",", 2))) for line in said.stdout.splitlines()] if said.returncode == 0 else []
    return [(row[0], row[1], row[2]) for row in rows if len(row) == 3]


@cache
def _has_bf16(cpuinfo: Path) -> bool:
    return bool(re.search(r"^flags\b.*\b(avx512_bf16|amx_bf16)\b", _text(cpuinfo), re.M))


@cache
def _maker(cpuinfo: Path) -> str:
    """Who made the processor, as Linux tells; elsewhere its architecture."""
    found = re.search(r"^vendor_id\s*:\s*(\S+)", _text(cpuinfo), re.M)
    return found[1] if found else platform.machine()


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
