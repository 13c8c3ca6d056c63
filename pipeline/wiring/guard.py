"""What a stage that DVC starts checks first: that the lists which `check` wrote for it fit the present code and parameters, and
that dvc.yaml, on which no stage depends for DVC, names all that it must."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from pipeline.core.errors import BadInput
from pipeline.core.files import write_text
from pipeline.core.params import FILE, read
from pipeline.core.yaml_text import load_yaml
from pipeline.tasks.task import parts_of
from pipeline.wiring.code import BY_ITEM, check_code, check_loaded, list_file, write_lists
from pipeline.wiring.stages import read_stages
from pipeline.wiring.wire import check_wired

CHECKED = Path("artifacts/checked")
TASKS, CODE = "tasks.yaml", "code"


def write_checked(folder: Path) -> None:
    """Write what the other stages depend on: the parts of every task, and the lists of their code."""
    write_text(folder / TASKS, yaml.safe_dump({name: parts_of(name) for name in read("task")}, sort_keys=False))
    write_lists(read_stages(), folder / CODE)


@contextmanager
def guarded(running: str | None) -> Iterator[None]:
    """Around a stage that DVC runs, by its name with the items (`zoo@digits-prune`): raise BadInput if DVC would record other
    code or parameters than the stage uses. Does nothing around other commands."""
    name, _, items = (running or "").partition("@")
    stage = next((stage for stage in read_stages() if stage.name == name), None) if running else None
    if stage is None or stage.command == "check":
        yield
        return
    check_wired()
    task, _, item = items.partition("-")
    file = CHECKED / CODE / list_file(name, item if stage.command in BY_ITEM else None)
    check_code(file)
    _check_parts(task)
    yield
    check_loaded(file)


def _check_parts(task: str) -> None:
    checked: Any = load_yaml(CHECKED / TASKS)
    if checked.get(task) != parts_of(task):
        raise BadInput(
            f"{FILE}: task.{task} changed since the stage `check` read it: run `dvc repro` without --single-item or "
            "--downstream"
        )
