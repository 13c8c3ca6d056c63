"""How often this rule was right on the benchmark's own suspects: the table that benchmarks/verdicts.py makes, and a line
from it.
"""

import csv
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "measured.csv"
"""kind of answers, queries, references, innocents, accused, copies, found: sums over the published tasks."""


@cache
def _rows() -> tuple[dict[str, str], ...]:
    if not TABLE.exists():
        return ()
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def measured_rate(kind: str, queries: int, references: int) -> str:
    """What was measured for answers of this kind with the nearest numbers of queries and references, as a sentence."""
    rows = [row for row in _rows() if row["answers"] == kind]
    if not rows:
        return "not measured for such answers"
    nearest = min(rows, key=lambda row: (abs(int(row["references"]) - references), abs(int(row["queries"]) - queries)))
    setting = f"{kind.replace('_', ' ')}, {nearest['queries']} queries, {nearest['references']} references"
    accused = f"{nearest['accused']} of {nearest['innocents']} innocent models accused"
    return f"on the benchmark's tasks, {setting}: {accused}, {nearest['found']} of {nearest['copies']} copies found"
