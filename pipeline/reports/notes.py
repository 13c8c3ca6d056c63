"""What a task's numbers say, in sentences whose numbers are read from its tables: notes/TASK.md, a Jinja template.

A template writes no measured number itself. It asks for one: {{ auc("SAC-m", "average") }}, {{ paper("SAC-m", "average") }},
{{ limits("SAC-m", "prune") }}, {{ held_out("source") }}, {{ models("references") }}, {{ answered("jpeg", "irrelevant") }},
{{ pruned("0.20", "auc") }}, {{ inside() }}. A cell that the tables lack stops the report.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
from jinja2 import Environment, StrictUndefined

from pipeline.core.errors import BadInput
from pipeline.reports.published import compared_cells
from pipeline.reports.text import number

FOLDER = Path(__file__).parent / "notes"
Frames = dict[str, pd.DataFrame]


def notes_of(task: str, frames: Frames) -> str:
    """The notes of a task with the numbers of its tables `main`, `accuracy`, `success` and `pruning`; empty if it has none.

    Raises BadInput, naming the cell, if a template asks for a number that is not there.
    """
    file = FOLDER / f"{task}.md"
    if not file.exists():
        return ""
    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False).from_string(
        file.read_text(encoding="utf-8")
    )
    return template.render(**_readers(task, frames))


def _readers(task: str, frames: Frames) -> dict[str, Callable[..., str]]:
    def find(table: str, column: str, **keys: str) -> float | str:
        frame = frames[table]
        for name, wanted in keys.items():
            frame = frame[frame[name].astype(str) == wanted]
        if frame.empty or column not in frame or pd.isna(frame[column].iloc[0]):
            raise BadInput(f"notes of {task}: no number in table {table}, column {column}, for {', '.join(keys.values())}")
        value: float | str = frame[column].iloc[0]
        return value

    def main(column: str, fingerprint: str, attack: str) -> float | str:
        return find("main", column, fingerprint=fingerprint, attack=attack)

    def share(table: str, column: str, **keys: str) -> str:
        return f"{number(100 * float(find(table, column, **keys)), 0)} %"

    def accuracy(column: str, attack: str, arch: str | None) -> str:
        return share("accuracy", column, attack=attack, **({"arch": arch} if arch else {}))

    def models(attack: str) -> str:
        own = frames["accuracy"].query("attack == @attack")
        if own.empty:
            raise BadInput(f"notes of {task}: no number in table accuracy, column models, for {attack}")
        return str(int(own["models"].sum()))

    compared = compared_cells(frames["main"])
    return {
        "inside": lambda: f"{int((compared['inside'] == 'yes').sum())} of {len(compared)}",
        "auc": lambda fingerprint, attack: number(float(main("auc", fingerprint, attack))),
        "limits": lambda fingerprint, attack: (
            f"[{number(float(main('low', fingerprint, attack)))}, {number(float(main('high', fingerprint, attack)))}]"
        ),
        "paper": lambda fingerprint, attack: str(main("published", fingerprint, attack)),
        "held_out": lambda attack, arch=None: accuracy("test_accuracy", attack, arch),
        "learned": lambda attack, arch=None: accuracy("train_accuracy", attack, arch),
        "models": models,
        "answered": lambda method, attack: share("success", attack, method=method),
        "pruned": lambda ratio, column: number(float(find("pruning", column, ratio=ratio))),
    }
