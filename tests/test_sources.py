"""Several sources of one kind: made by one parameter, and judged together from the committed tables of their tasks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from pipeline.data.images import Images
from pipeline.defender.makers import Source
from pipeline.metrics.statistics import Statistics
from pipeline.probes import read_family
from pipeline.reports import judging
from pipeline.reports.leaderboard import leaderboard
from pipeline.reports.report import write_report
from pipeline.reports.sources import over_sources
from pipeline.reports.tables import Attack
from pipeline.tasks.recipe import Recipe
from pipeline.tasks.task import task_part
from pipeline.zoo.plan import Material, plan
from stages.cli import sac
from tests.imports import ROOT
from tests.test_sections import material

ATTACKS = {
    "irrelevant": ("task", 0.0),
    "irrelevant_transfer": ("transfer", 1.0),
    "extract_label": ("task", 2.0),
    "prune": ("task", 0.0),
    "extract_adv": ("task", 2.0),
    "transfer_all": ("transfer", 2.0),
}
"""The domain of an attack, and what its scores are drawn around."""
TASKS = ["one", "two", "three"]
REDRAWS = 40


def scores_of(seed: int) -> pd.DataFrame:
    """Suspects of four architectures, two seeds each, as tables/scores.csv has them."""
    draw = np.random.default_rng(seed)
    rows = [
        (attack, domain, "irr" not in attack, arch, number, "", f"{attack}-{arch}-{number}", draw.normal(level))
        for attack, (domain, level) in ATTACKS.items()
        for arch in ("densenet", "mobilenet", "resnet", "vgg")
        for number in range(2)
    ]
    return pd.DataFrame(rows, columns=["attack", "domain", "stolen", "arch", "seed", "variant", "suspect", "SAC-m"])


def evaluated(scores: pd.DataFrame) -> pd.DataFrame:
    attacks = [Attack(name, domain, "irr" not in name, None, {}, []) for name, (domain, _) in ATTACKS.items()]
    return judging.evaluate(scores.rename(columns={"SAC-m": "score"}), attacks, Statistics())


@pytest.fixture
def reports(tmp_path):
    """Three sources with drawn scores in any order, without redraws of the probes."""
    for seed, task in enumerate(TASKS):
        (tmp_path / task / "tables").mkdir(parents=True)
        write(tmp_path, task, scores_of(seed).sample(frac=1, random_state=seed))
    return tmp_path


def write(reports: Path, task: str, scores: pd.DataFrame) -> None:
    """The tables of a task with these scores."""
    scores.drop(columns="ranks", errors="ignore").to_csv(reports / task / "tables/scores.csv", index=False)
    main = evaluated(scores).assign(fingerprint="SAC-m", probes="wrong")
    main.to_csv(reports / task / "tables/main.csv", index=False)


def test_the_tables_of_all_sources_give_what_their_scores_give(reports):
    found = over_sources(reports, TASKS, REDRAWS).set_index("attack")
    expected = evaluated(pd.concat([scores_of(seed).assign(source=seed) for seed in range(3)])).set_index("attack")
    assert list(found.index) == list(expected.index)
    for name in ("auc", "low", "high", "sources", "lowest", "highest", "p_value", "f1", "stolen", "irrelevant"):
        assert found[name].to_dict() == pytest.approx(expected[name].to_dict(), nan_ok=True), name
    each = [evaluated(scores_of(seed)).set_index("attack")["auc"] for seed in range(3)]
    for task, own in zip(TASKS, each, strict=True):
        assert found[task].to_dict() == pytest.approx(own.to_dict())


def test_the_draw_of_probes_that_the_tables_state_counts_as_the_redraws_do(reports):
    narrow = over_sources(reports, TASKS[:1], REDRAWS).set_index("attack")
    scores, draw = scores_of(0), np.random.default_rng(9)
    scores["ranks"] = [value + draw.normal(scale=1.0, size=REDRAWS) for value in scores["SAC-m"]]
    write(reports, "one", scores)
    found, expected = over_sources(reports, TASKS[:1], REDRAWS).set_index("attack"), evaluated(scores).set_index("attack")
    for name in ("auc", "low", "high"):
        assert found[name].to_dict() == pytest.approx(expected[name].to_dict()), name
    assert found.loc["prune", "high"] - found.loc["prune", "low"] > narrow.loc["prune", "high"] - narrow.loc["prune", "low"]


def test_a_fingerprint_that_one_source_lacks_or_that_does_not_apply_makes_no_number(reports):
    file = reports / "two/tables/main.csv"
    main = pd.read_csv(file)
    main.assign(auc=main["auc"].where(main["attack"] != "prune")).to_csv(file, index=False)
    found = over_sources(reports, TASKS, REDRAWS).set_index("attack")
    assert np.isnan(found.loc["prune", "low"]) and found.loc["extract_adv", "low"] > 0
    main.assign(fingerprint="another").to_csv(file, index=False)
    assert over_sources(reports, TASKS, REDRAWS).empty


def test_a_fingerprint_of_the_first_source_alone_stays_in_the_leaderboard(reports):
    for task in TASKS[:2]:
        write_report(material("SAC-JC"), reports / task)
    frame = over_sources(reports, TASKS[:2], REDRAWS).assign(published="")
    file = reports / "one/tables/main.csv"
    main = pd.read_csv(file)
    pd.concat([main, main.assign(fingerprint="EWE", auc=0.5)]).to_csv(file, index=False)
    board = leaderboard(reports, together=[(TASKS[:2], frame)]).set_index("fingerprint")
    assert set(board.loc["EWE", "auc"]) == {0.5} and set(board.loc["SAC-JC", "auc"]) != {0.5}


def test_all_sources_count_as_one_task_in_the_leaderboard(reports):
    for task in TASKS:
        write_report(material("SAC-JC"), reports / task)
    frame = over_sources(reports, TASKS[:2], REDRAWS)
    board = leaderboard(reports, together=[(TASKS[:2], frame.assign(published=""))])
    assert set(board["task"]) == {"one", "three"}
    own = board[(board["task"] == "one") & (board["attack"] == "average")].set_index("fingerprint")
    assert own["low"].to_dict() == pytest.approx(frame[frame["attack"] == "average"].set_index("fingerprint")["low"].to_dict())


@pytest.fixture
def two_made(tmp_path, monkeypatch):
    """A folder of reports with two sources of one kind, in a repository of its own."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["task"] |= {f"made_{seed}": {"like": "digits", "title": f"made {seed}", "source_seed": seed} for seed in range(2)}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (tmp_path / "reports").mkdir()
    for name in ("published.csv", "watermarked.csv"):
        (tmp_path / "reports" / name).write_bytes((ROOT / "reports" / name).read_bytes())
    for seed in range(2):
        write_report(material("SAC-JC"), tmp_path / f"reports/made_{seed}")
    change(tmp_path / "reports/made_1/tables/accuracy.csv", stolen=True, test_accuracy=0.5)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "reports"


def change(file: Path, stolen: bool, **columns: object) -> None:
    """Other values in the rows of a task's stolen suspects, or in those of its irrelevant models."""
    frame = pd.read_csv(file)
    rows = frame["attack"].str.startswith("irrelevant") != stolen
    for name, value in columns.items():
        frame.loc[rows, name] = value
    frame.to_csv(file, index=False)


def test_the_index_shows_them_together(two_made):
    for left in ("sources_left.csv", "exchange_left.svg", "sources_mine.txt"):
        (two_made / left).touch()
    done = CliRunner().invoke(sac, ["index"])
    assert done.exit_code == 0 and "not judged together" not in done.output, done.output
    table = pd.read_csv(two_made / "sources_made_0.csv")
    assert {"made_0", "made_1", "lowest", "highest", "sources"} <= set(table) and set(table["sources"]) == {2}
    page = (two_made / "index.html").read_text()
    assert "made_0: 2 sources" in page and 'id="sources_made_0"' in page
    assert sorted(file.name for file in two_made.glob("sources_*")) == [
        "sources_made_0.csv",
        "sources_made_0.md",
        "sources_mine.txt",
    ]
    assert not (two_made / "exchange_left.svg").exists() and (two_made / "exchange_made_0.svg").exists()
    assert set(pd.read_parquet(two_made / "leaderboard.parquet")["images"]) == {"digits"}


@pytest.mark.parametrize(("name", "columns"), [("scores", {"suspect": "another"}), ("accuracy", {"test_accuracy": 0.7})])
def test_sources_with_other_irrelevant_models_are_not_judged_together(two_made, name, columns):
    change(two_made / f"made_1/tables/{name}.csv", stolen=False, **columns)
    done = CliRunner().invoke(sac, ["index"])
    assert done.exit_code == 0 and "irrelevant models are not the same: made_0; made_1" in done.output
    assert not list(two_made.glob("sources_*"))


def test_another_source_is_another_model_of_the_same_images(tiny: Images):
    material = Material(tiny, tiny, None, None, None)
    recipe = Recipe(epochs=1, batch=32, rate=0.05)
    (first,), (second,) = (plan("source", Source(), ["vgg_slim"], 1, recipe, material, first=seed) for seed in (0, 1))
    assert (first.seed, second.seed) == (0, 1) and first.key != second.key and first.draw != second.draw
    assert second.suspects[0].name == "source-vgg_slim-1"


def test_another_source_has_other_probes_and_shares_all_else(monkeypatch):
    monkeypatch.chdir(ROOT)
    seeds = [read_family("augmented", task).seed for task in ("fashion_mini", "fashion_mini_2")]
    assert seeds[1] == seeds[0] + 1
    for part in ("data", "split", "recipe", "archs", "seeds", "surrogates", "references", "attacks"):
        assert task_part("fashion_mini", part) == task_part("fashion_mini_2", part)
