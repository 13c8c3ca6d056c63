"""What stands over all tasks: results, what the regime decides, and thresholds that travel."""

import numpy as np
import pandas as pd
import pytest

from pipeline.reports.exchange import exchange
from pipeline.reports.overview import accuracy_tables, main_tables, results
from pipeline.reports.regimes import CHANGED, accuracies, is_regime, regime_grid, regimes
from pipeline.tasks.task import parts_of

ARCHS = ["densenet_slim", "mobilenet_slim", "resnet_slim", "vgg_slim"]
ATTACKS = ["extract_label", "extract_adv", "extract_prob", "average", "pooled"]


def write(folder, name, frame):
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text("{}")
    frame.to_csv(folder / "tables" / f"{name}.csv", index=False)


def main_table(auc, inside=("yes", "no", "", "yes", "yes")):
    return pd.DataFrame(
        {
            "fingerprint": "SAC-m",
            "attack": ATTACKS,
            "auc": auc,
            "low": auc - 0.1,
            "high": auc + 0.1,
            "published": ["0.9", "0.8", "", "0.7", "0.6"],
            "inside": inside,
        }
    )


def test_results_count_what_was_trained_and_what_agrees(tmp_path):
    write(tmp_path / "a", "main", main_table(0.5))
    pd.DataFrame({"task": "a", "attack": ["prune", "total"], "core_seconds": [1.0, 7200.0]}).to_csv(tmp_path / "costs.csv")
    accuracy = {"attack": ["source", "prune"], "models": [1, 6], "lowest_train": [0.98, 0.5]}
    write(tmp_path / "a", "accuracy", pd.DataFrame(accuracy))
    (row,) = results(tmp_path, {"a": "A"}).to_dict("records")
    gaps = {"gap": pytest.approx((0.4 + 0.3 + 0.2) / 3), "gap_hard": pytest.approx(0.35)}
    distance = row.pop("distance")
    assert row == {
        "task": "a",
        "title": "A",
        "models": 7,
        "core_hours": 2.0,
        "lowest_train_accuracy": 0.98,
        "published_aucs": 3,
        "inside": 2,
        "could_fail": 3,
        "inside_at_risk": 0,
        **gaps,
    }
    assert distance == pytest.approx(np.mean([4, 3, 2]) * 1.959964)


def test_regimes_that_differ_in_one_thing_stand_side_by_side(tmp_path):
    write(tmp_path / "regime", "main", main_table(0.9))
    assert regimes(main_tables(tmp_path)).empty, "nothing to compare with"
    write(tmp_path / "regime_once", "main", main_table(0.4))
    write(tmp_path / "regime_short", "main", main_table(np.array([0.1, 0.2, 0.3, 0.9, 0.9])))
    write(tmp_path / "fashion_mini", "main", main_table(0.5))
    frame = regimes(main_tables(tmp_path))
    assert set(frame["task"]) == {"regime", "regime_once", "regime_short"}
    assert set(frame["attack"]) == set(ATTACKS[:-1]), "pooled AUCs stand in the tasks' own tables"
    (row,) = regime_grid(frame).to_dict("records")
    told = {"augmented, asked on views": "0.90", "fewer epochs": "0.20", "asked once an image": "0.40"}
    assert row == {"fingerprint": "SAC-m", **told} and list(row) == ["fingerprint", *told]


def test_how_well_a_regime_s_models_know_their_images_stands_beside_it(tmp_path):
    attacks = {"attack": ["source", "irrelevant", "irrelevant", "prune"], "train_accuracy": [0.99, 0.9, 1.0, 0.1]}
    write(tmp_path / "regime_long", "accuracy", pd.DataFrame({**attacks, "test_accuracy": [0.86, 0.8, 0.9, 0.1]}))
    write(tmp_path / "digits", "accuracy", pd.DataFrame(attacks))
    assert accuracies(accuracy_tables(tmp_path)) == [
        "more epochs: right on their own images, the source 0.990, irrelevant models 0.950; on held-out ones 0.860 and 0.850."
    ]


def test_every_zoo_of_the_regimes_differs_in_the_one_thing_that_its_column_says():
    tasks = {name: parts_of(name) for name in CHANGED}
    base = tasks.pop("regime")
    assert base["recipe"]["augment"] == "crop_flip" and base["attacks"]["extract_label"]["query"] == "views"
    differs = {name: {part for part in base if part != "title" and own[part] != base[part]} for name, own in tasks.items()}
    assert differs == {name: {"attacks"} if name == "regime_once" else {"recipe"} for name in tasks}
    in_recipe = {
        name: {key for key, value in own["recipe"].items() if value != base["recipe"][key]} for name, own in tasks.items()
    }
    assert in_recipe == {
        "regime_short": {"epochs"},
        "regime_long": {"epochs"},
        "regime_plain": {"augment"},
        "regime_decay": {"weight_decay"},
        "regime_once": set(),
    }
    assert all(is_regime(name) for name in CHANGED) and not is_regime("fashion_mini")


def suspects(irrelevant, stolen, transferred):
    """A score file: an irrelevant model of each architecture by three, two attacks, and one attack apart."""
    rows = [("irrelevant", "task", False, arch, score) for arch in ARCHS for score in irrelevant]
    rows += [(name, "task", True, "vgg_slim", score) for name, scores in stolen.items() for score in scores]
    rows += [("transfer_all", "transfer", True, "vgg_slim", score) for score in transferred]
    return pd.DataFrame(rows, columns=["attack", "domain", "stolen", "arch", "SAC-JC"])


def test_each_source_is_judged_by_every_threshold(tmp_path):
    write(tmp_path / "a", "scores", suspects([-0.5, -0.5, -0.5], {"prune": [-0.1, -0.6], "finetune_all": [-0.2]}, [-0.9]))
    write(tmp_path / "b", "scores", suspects([-0.3, -0.3, -0.3], {"prune": [-0.1]}, [-0.9]))
    frame = exchange(tmp_path, ["a", "b"]).set_index("source")
    assert frame["threshold"].to_dict() == {"a": pytest.approx(0.5), "b": pytest.approx(0.3)}
    # prune: one of two found, no false alarm: 2/3; finetune_all: found: 1
    assert frame.loc["a", "a"] == frame.loc["a", "b"] == pytest.approx(np.mean([2 / 3, 1]))
    assert frame.loc["b", "b"] == 1
    assert frame.loc["b", "a"] == pytest.approx(2 * 1 / (1 + 12 + 1)), "all twelve irrelevant ones exceed a's threshold"
