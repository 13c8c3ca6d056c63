"""The leaderboard is JSON that any reader takes, of its own schema; and every published table is loaded in one call."""

import json
from copy import deepcopy

import pandas as pd
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from pipeline.reports.leaderboard import COLUMNS, as_json, leaderboard
from pipeline.reports.library import load
from stages.cli import sac
from tests.imports import ROOT

REPORTS = ROOT / "reports"
SCHEMA = json.loads((REPORTS / "leaderboard.schema.json").read_text(encoding="utf-8"))
CHECK = Draft202012Validator(SCHEMA)


def strict(text):
    """The value of a JSON text; NaN and Infinity, which Python reads and JSON does not have, are refused."""

    def refuse(word):
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="module")
def rows():
    """A few rows of the leaderboard of the committed tables, some with what does not apply."""
    board = strict(as_json(leaderboard(REPORTS)))
    return [next(row for row in board if row["auc"] is not None), next(row for row in board if row["auc"] is None)]


def test_the_committed_leaderboard_is_what_its_schema_says():
    Draft202012Validator.check_schema(SCHEMA)
    found = strict((REPORTS / "leaderboard.json").read_text(encoding="utf-8"))
    assert len(found) == len(pd.read_parquet(REPORTS / "leaderboard.parquet")) > 100
    CHECK.validate(found)
    images = {row["task"]: row["images"] for row in found}
    assert images["fashion_mini"] == images["fashion_mnist_views"] == "fashion_mnist" and images["cifar100"] == "cifar100"


def test_what_does_not_apply_is_null(rows):
    CHECK.validate(rows)
    assert rows[1]["low"] is None and rows[0]["low"] < rows[0]["auc"] + 1e-9


@pytest.mark.parametrize(
    "change", [{"auc": "0.9"}, {"stolen": 1.5}, {"stolen": None}, {"task": None}, {"submitted": 0}, {"more": 1}], ids=str
)
def test_the_schema_refuses_other_rows(rows, change):
    assert list(CHECK.iter_errors([deepcopy(rows[0]) | change]))


@pytest.mark.parametrize("name", COLUMNS)
def test_the_schema_asks_for_every_column(rows, name):
    left = {key: value for key, value in rows[0].items() if key != name}
    assert [error.validator for error in CHECK.iter_errors([left])] == ["required"]


def test_one_call_loads_every_row_of_every_published_table():
    files = [*REPORTS.glob("*/tables/*.csv"), *REPORTS.glob("*.csv")]
    own = {file.stem for file in files if file.parent == REPORTS} & {file.stem for file in files if file.parent != REPORTS}
    counted = sum(len(pd.read_csv(file, low_memory=False)) for file in files if file.parent != REPORTS or file.stem not in own)
    tables = load(REPORTS)
    assert set(tables) == {file.stem for file in files} and sum(map(len, tables.values())) == counted
    tasks = {file.parent.parent.name for file in files if file.name == "main.csv"}
    assert set(tables["main"]["task"]) == tasks and all("task" in tables[name] for name in ("scores", "accuracy", "success"))


def test_the_command_lists_every_table_with_its_size_and_columns():
    done = CliRunner().invoke(sac, ["results", "--reports", str(REPORTS)])
    lines = {line.split()[0]: line for line in done.output.splitlines()}
    tables = load(REPORTS)
    assert set(lines) == set(tables) and f"{len(tables['main']):,} rows: task, fingerprint" in lines["main"]


def test_an_unknown_table_ends_in_the_nearest_known_one():
    done = CliRunner().invoke(sac, ["results", "mian", "--reports", str(REPORTS)])
    assert done.exit_code == 1 and "did you mean 'main'" in done.output
