"""README's table of results is what the committed reports say."""

import csv
import re

import pytest

from pipeline.reports.overview import averages
from tests.imports import ROOT

LINES = [[cell.strip() for cell in line.strip("|\n").split("|")]
         for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
HEAD = next(cells for cells in LINES if cells[0] == "average AUC")
ROWS = {match.group(1): cells for cells in LINES if (match := re.search(r"\(reports/(\w+)/tables", cells[0]))}
RESULTS = {row["task"]: row for row in csv.DictReader((ROOT / "reports/results.csv").open(encoding="utf-8"))}


def test_every_task_with_published_values_stands_in_the_table():
    assert {task for task, row in RESULTS.items() if int(row["published_aucs"])} <= set(ROWS)


@pytest.mark.parametrize("task", ROWS)
def test_a_row_is_what_the_report_says(task):
    shown = dict(zip(HEAD, ROWS[task], strict=True))
    own = {name.partition(" (")[0]: value for name, value in averages(ROOT / "reports")[task].items()}
    assert {name: shown[name] for name in HEAD[1:-2]} == {
        name: f"{own[name]:.2f}" if name in own else "–" for name in HEAD[1:-2]}
    result = RESULTS[task]
    counted = f"{result['inside']} of {result['published_aucs']}" if int(result["published_aucs"]) else "–"
    assert shown["published AUCs inside"] == counted
    assert shown["core-hours"] == f"{float(result['core_hours']):.2f}"
