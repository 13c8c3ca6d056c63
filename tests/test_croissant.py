"""The data card: mlcroissant finds nothing wrong with it, and loads leaderboard and answers from the files of a clone."""

import json
import shutil
import tomllib
from itertools import islice

import mlcroissant
import pandas as pd
import pytest
import yaml

from pipeline.core.errors import BadInput
from pipeline.publish.croissant import CARD, croissant
from pipeline.publish.remote import fetch, object_file, published
from tests.imports import ROOT

REPORTS = ROOT / "reports"


@pytest.fixture(scope="module")
def card():
    """The committed card as mlcroissant reads it."""
    return mlcroissant.Dataset(str(REPORTS / CARD))


def test_nothing_is_wrong_and_nothing_recommended_is_missing(card):
    issues = card.metadata.ctx.issues
    assert not issues.errors and not issues.warnings


def test_the_card_is_that_of_the_files_that_lie_here(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert (REPORTS / CARD).read_text(encoding="utf-8") == croissant(REPORTS.relative_to(ROOT))


def test_the_leaderboard_is_loaded_from_the_card(card):
    board = pd.read_parquet(REPORTS / "leaderboard.parquet")
    rows = pd.DataFrame(card.records("leaderboard")).rename(columns=lambda name: name.removeprefix("leaderboard/"))
    assert list(rows) == list(board) and len(rows) == len(board) > 100
    assert ((rows["auc"] == board["auc"]) | (rows["auc"].isna() & board["auc"].isna())).all()
    assert {str(value, "utf-8") if isinstance(value, bytes) else value for value in rows["task"]} == set(board["task"])


def test_answers_are_loaded_from_the_remote_that_travels(card, monkeypatch):
    monkeypatch.chdir(ROOT)
    sizes = {task: sum(map(len, fetch(task).values())) for task in published()}
    task = min(sizes, key=sizes.get)
    name = next(one.id for one in card.metadata.record_sets if one.id.startswith(f"{task}/"))
    stored = pd.read_parquet(
        ROOT / object_file(next(one.md5 for one in card.metadata.distribution if one.id == f"{name}.parquet"))
    )
    for row, (_, own) in zip(islice(card.records(name), 50), stored.iterrows(), strict=False):
        assert row[f"{name}/output"] == own["output"].tolist() and row[f"{name}/probe"] == own["probe"]


def test_every_file_of_answers_is_described_under_its_own_sum(card):
    described = {one.id: one for one in card.metadata.distribution}
    assert {one.id.split("/")[0] for one in card.metadata.record_sets} == {"leaderboard"} | {
        file.stem for file in (ROOT / "snapshots").glob("*.dvc")
    }
    for one in card.metadata.record_sets[1:]:
        file = described[f"{one.id}.parquet"]
        assert (REPORTS / file.content_url).is_file() and file.md5 == "".join(file.content_url.split("/")[-2:])


def test_the_tables_of_all_tasks_are_a_set_of_files(card):
    (tables,) = [one for one in card.metadata.distribution if isinstance(one, mlcroissant.FileSet)]
    assert {file.stem for file in REPORTS.glob(tables.includes[0])} >= {"main", "scores", "accuracy"}


def test_a_changed_leaderboard_is_no_longer_what_the_card_says(tmp_path):
    copy = tmp_path / "repository"
    shutil.copytree(REPORTS, copy / "reports", ignore=shutil.ignore_patterns("tables", "figures", "*.html"))
    board = copy / "reports/leaderboard.parquet"
    pd.read_parquet(board)[1:].to_parquet(board)
    with pytest.raises(mlcroissant.GenerationError):
        list(mlcroissant.Dataset(str(copy / "reports" / CARD)).records("leaderboard"))


def test_without_a_leaderboard_one_line_says_so(tmp_path):
    with pytest.raises(BadInput, match=r"leaderboard.parquet"):
        croissant(tmp_path)


def test_the_card_has_the_version_of_the_package():
    version = json.loads((REPORTS / CARD).read_text(encoding="utf-8"))["version"]
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert version == package == yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"]
