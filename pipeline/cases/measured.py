"""How often this rule was right on the benchmark's own suspects: the table that benchmarks/verdicts.py makes, and a sentence
from it.
"""

import csv
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "measured.csv"
"""A row for who trained the references (`owner` or `others`), kind of answers, queries and references: tasks, innocents,
accused, copies, found."""
TRAINED_BY = {"owner": "references that an owner trained", "others": "models of others as references"}


@cache
def _rows() -> tuple[dict[str, str], ...]:
    if not TABLE.exists():
        return ()
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def measured_rate(kind: str, queries: int, references: int) -> str:
    """What was measured for answers of this kind with the nearest numbers of references and queries, as a sentence: with an
    owner's references, and with those of others."""
    said = []
    for trained_by, told in TRAINED_BY.items():
        rows = [row for row in _rows() if (row["references_of"], row["answers"]) == (trained_by, kind)]
        if rows:
            nearest = min(rows, key=lambda row: (abs(int(row["references"]) - references), abs(int(row["queries"]) - queries)))
            said.append(f"with {told} {_rate(nearest)}")
    return "; ".join(said) or "not measured for such answers"


def _rate(row: dict[str, str]) -> str:
    setting = f"{row['tasks']}, {row['queries']} queries, {row['references']} references"
    accused = f"{row['accused']} of {row['innocents']} innocent models accused"
    return f"({setting}) {accused}, {row['found']} of {row['copies']} copies found"
