"""What the file of a data set says of it, known before an image is read: how much it holds, and what it is a part of."""

import ast
from functools import cache
from typing import Any

from pipeline.core.errors import BadInput
from pipeline.tasks.task import Split, Task
from pipeline.wiring.imports import ROOT, parsed

HOLDS, PART_OF = "HOLDS", "PART_OF"
"""Constants of a data set's file: how many training images, test images and classes it has, and the larger set that its
images come from, where there is one."""


def sizes(data: str) -> dict[str, int]:
    """What the file of a data set says that it holds: train, test, classes; nothing where it does not say."""
    return dict(_constant(data, HOLDS) or {})


def image_set(data: str) -> str:
    """The larger set that the images of a data set come from, or the set itself: tasks of one image set share images."""
    return str(_constant(data, PART_OF) or data)


@cache
def _constant(data: str, name: str) -> Any:
    """A constant of a data set's file, None where it is not there. The file is not imported."""
    file = ROOT / "pipeline" / "data" / f"{data}.py"
    for node in parsed(file).body if file.exists() else ():
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    return None


def check_sizes(task: Task, families: dict[str, Any]) -> None:
    """Raise BadInput if the data set has fewer images or classes than the task asks for, or the task too few images to make
    probes from."""
    if not isinstance(task.split, Split):
        return
    split, holds = task.split, sizes(task.data)
    for part, names in (("train", ("defender", "attacker", "query")), ("test", ("pool", "accuracy"))):
        asked = [getattr(split, name) for name in names]
        if sum(asked) > holds.get(part, sum(asked)):
            raise BadInput(
                f"split: {sum(asked):,} {part} images asked for ({' + '.join(names)}), {task.data} has {holds[part]:,}"
            )
    _check_transfer(task)
    _check_watermark(task, holds)
    for name, family in families.items():
        _check_probes(name, family, split)


def _check_transfer(task: Task) -> None:
    if task.transfer is None:
        return
    holds = sizes(task.transfer.data)
    for part, asked in (("train", task.transfer.train), ("test", task.transfer.accuracy)):
        if asked > holds.get(part, asked):
            raise BadInput(f"transfer: {asked:,} {part} images asked for, {task.transfer.data} has {holds[part]:,}")


def _check_watermark(task: Task, holds: dict[str, int]) -> None:
    if task.watermark is None:
        return
    one, other = task.watermark.source_class, task.watermark.target_class
    if one == other:
        raise BadInput(f"watermark: source_class and target_class are both {one}, expected two classes")
    for name, value in (("source_class", one), ("target_class", other)):
        if value >= holds.get("classes", value + 1):
            raise BadInput(f"watermark.{name}: {task.data} has the classes 0 to {holds['classes'] - 1}, found {value}")


def _check_probes(name: str, family: Any, split: Split) -> None:
    """A family needs at least its `minimum`, or where it has none its `count`, of the images that it draws from."""
    if "classification" not in family.tasks or "held_out" not in type(family).model_fields:
        return
    least, there = getattr(family, "minimum", None), getattr(split, family.held_out)
    needs = family.count if least is None else least
    if needs > there:
        raise BadInput(f"split.{family.held_out}: {there} images, of which probes.{name} needs at least {needs}")
