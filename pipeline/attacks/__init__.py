"""How suspects come about: one file per attack, `irrelevant` ones among them.

Each file defines `Attack`, a Maker. It gets the attacker's images as a value and has no path to anything else.
"""

from pipeline.core.names import module
from pipeline.tasks.task import read_for
from pipeline.training.maker import Maker

SECTIONS = ("attacks", "second_attacks")


def read_attack(name: str, task: str | None = None) -> Maker:
    """The attack `name` with its parameters from params.yaml, those that `task` gives it on top."""
    attack: Maker = read_for(f"{section_of(name)}.{name}", module("attacks", name).Attack, task, "attacks")
    return attack


def section_of(name: str) -> str:
    """The section of params.yaml that holds attack `name`: those that start from another one's suspects have their own."""
    return SECTIONS[module("attacks", name).Attack.start is not None]
