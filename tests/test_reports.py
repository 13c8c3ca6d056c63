"""Tables from made scores whose answer is known, and published values beside them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.errors import BadInput
from pipeline.fingerprints.naming import Fingerprint
from pipeline.reports import tables, text
from pipeline.reports.published import COLUMNS, accuracy_beside, beside, read_published, threshold_beside
from pipeline.reports.tables import Attack
from pipeline.statistics import Statistics
from tests.imports import ROOT

ARCHS = ("densenet_slim", "mobilenet_slim", "resnet_slim", "vgg_slim")
FINGERPRINT = Fingerprint(method="jpeg", representation="logits", comparison="cosine_l1")
HOW = Statistics(resamples=500)


def models(attack, variants=("",)):
    return [{"suspect": f"{attack}-{arch}-{seed}-{variant}", "attack": attack, "arch": arch, "seed": seed, "variant": variant,
             "train_accuracy": 1.0, "test_accuracy": 0.8, "seconds": 2.0, "key": f"{attack}{arch}{seed}"}
            for arch in ARCHS for seed in (0, 1) for variant in variants]


LEARNED = {"images": 500, "classes": 10}
ATTACKS = [Attack("irrelevant", "half", False, None, LEARNED, models("irrelevant")),
           Attack("finetune_all", "half", True, None, LEARNED, models("finetune_all")),
           Attack("prune", "half", True, None, LEARNED, models("prune", ("0.10", "0.20"))),
           Attack("extract_adv", "half", True, None, LEARNED, models("extract_adv")),
           Attack("transfer_all", "transfer", True, None, LEARNED, models("transfer_all")),
           Attack("irrelevant_transfer", "transfer", False, None, LEARNED, models("irrelevant_transfer")),
           Attack("transfer_corrupted", "corrupted", True, "no corrupted data", {}, [])]
LEVELS = {"irrelevant": 0.0, "finetune_all": 3.0, "prune": 0.5, "extract_adv": 0.0, "transfer_all": -2.0,
          "irrelevant_transfer": -4.0}


@pytest.fixture(scope="module")
def scores():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame([model for attack in ATTACKS for model in attack.models])
    frame = frame[["attack", "arch", "seed", "variant", "suspect"]]
    frame["score"] = [LEVELS[attack] + draw.normal(0, 0.3) for attack in frame["attack"]]
    return frame.assign(task="made", method="jpeg", representation="logits", comparison="cosine_l1", count=100)


def own(scores, attack):
    return scores[scores["attack"] == attack]["score"].to_numpy()


def test_every_attack_is_judged_against_its_own_irrelevant_models(scores):
    table = tables.evaluate(scores, ATTACKS, HOW).set_index("attack")
    for attack, judge in (("finetune_all", "irrelevant"), ("prune", "irrelevant"), ("transfer_all", "irrelevant_transfer")):
        stolen, irrelevant = own(scores, attack), own(scores, judge)
        pairs = (stolen[:, None] > irrelevant[None]).mean()
        assert table.loc[attack, "auc"] == pytest.approx(pairs)
        assert table.loc[attack, "p_value"] == pytest.approx(stats.ttest_ind(stolen, irrelevant, equal_var=False).pvalue)
    assert table.loc["transfer_all", "auc"] == 1.0 and table.loc["transfer_all", "side"] == "above"
    assert "transfer_corrupted" not in table.index


def test_average_is_the_papers_mean_and_pooled_is_another(scores):
    table = tables.evaluate(scores, ATTACKS, HOW).set_index("attack")
    averaged = table.loc[["finetune_all", "prune", "extract_adv"]]
    for column in ("auc", "low", "high", "p_value", "f1"):
        assert table.loc["average", column] == pytest.approx(averaged[column].mean())
    together = np.concatenate([own(scores, attack) for attack in ("finetune_all", "prune", "extract_adv")])
    pairs = (together[:, None] > own(scores, "irrelevant")[None]).mean()
    assert table.loc["pooled", "auc"] == pytest.approx(pairs) and table.loc["pooled", "stolen"] == 32


def test_intervals_hold_their_estimates(scores):
    table = tables.evaluate(scores, ATTACKS, HOW)
    assert ((table["low"] <= table["auc"]) & (table["auc"] <= table["high"])).all()
    assert (table["low"] < table["high"]).all()


def test_what_does_not_apply_is_a_dash(scores):
    changed = scores.assign(score=scores["score"].where(~scores["attack"].isin(["transfer_all"])))
    table = tables.main_table(changed, ATTACKS, {"SAC-JC": FINGERPRINT}, HOW)
    table = beside(table, read_published(ROOT / "reports/published.csv", "cifar10"))
    assert np.isnan(table.set_index("attack").loc["transfer_all", "auc"])
    grid = text.auc_grid(table, ["SAC-JC"]).set_index("AUC")["SAC-JC"]
    assert grid["transfer_all"] == text.DASH and grid["finetune_all"].endswith("(paper 1.00)")


def test_a_fingerprint_without_scores_is_refused(scores):
    with pytest.raises(BadInput, match="no scores of clean, logits, cosine_l1"):
        tables.select(scores, FINGERPRINT.model_copy(update={"method": "clean"}))


def test_a_fingerprint_is_judged_by_all_its_probes(scores):
    both = pd.concat([scores, scores.assign(count=10, score=0.0)])
    assert (tables.select(both, FINGERPRINT)["count"] == 100).all()


def test_architectures_are_compared_with_their_own_kind(scores):
    table = tables.by_architecture(scores, ATTACKS)
    row = table[(table["attack"] == "prune") & (table["arch"] == "vgg_slim")].iloc[0]
    one = scores[scores["arch"] == "vgg_slim"]
    assert row["auc"] == (own(one, "prune")[:, None] > own(one, "irrelevant")[None]).mean()
    assert (row["stolen"], row["irrelevant"]) == (4, 2)


def test_pruning_is_shown_by_ratio(scores):
    table = tables.by_pruning_ratio(scores, ATTACKS)
    assert table["ratio"].tolist() == ["0.10", "0.20"] and table["suspects"].tolist() == [8, 8]
    part = scores[(scores["attack"] == "prune") & (scores["variant"] == "0.10")]["score"].to_numpy()
    assert table["auc"][0] == (part[:, None] > own(scores, "irrelevant")[None]).mean()


def test_costs_count_a_run_once():
    table = tables.costs(ATTACKS).set_index("attack")
    assert table.loc["prune"].tolist() == [16, 8, 16.0]
    assert table.loc["total", "core_seconds"] == 2.0 * 8 * 6


def test_accuracies_are_means_by_architecture():
    table = tables.accuracies(ATTACKS)
    assert set(table["images"]) == {500} and set(table["classes"]) == {10}
    assert table[table["attack"] == "prune"]["variant"].tolist()[:2] == ["0.10", "0.20"]
    assert set(table["arch"]) == set(ARCHS)


@pytest.mark.parametrize(("value", "low", "high", "inside"), [
    ("0.95", 0.9, 1.0, "yes"), ("0.95", 0.9451, 0.96, "yes"), ("0.95", 0.956, 1.0, "no"), ("1.0", 0.9, 0.96, "yes"),
    ("1.00", 0.9, 0.96, "no"), ("", 0.9, 1.0, ""), ("0.95", np.nan, np.nan, "")])
def test_the_published_value_is_compared_at_its_own_precision(value, low, high, inside):
    measured = pd.DataFrame([{"fingerprint": "SAC-m", "attack": "prune", "auc": 0.95, "low": low, "high": high}])
    rows = [["x", "y", "made", "prune", "SAC-m", "auc", value]] if value else []
    found = beside(measured, pd.DataFrame(rows, columns=COLUMNS))
    assert (found["published"][0], found["inside"][0]) == (value, inside)


def test_the_papers_accuracies_stand_beside_those_of_the_same_family_or_ratio():
    typed = read_published(ROOT / "reports/published.csv", "emotion")
    table = accuracy_beside(tables.accuracies(ATTACKS), typed).set_index(["attack", "arch", "variant"])["published"]
    assert table["irrelevant", "densenet_slim", ""] == pytest.approx(0.7427)
    assert table["extract_adv", "resnet_slim", ""] == pytest.approx(0.7683)
    assert table["finetune_all", "vgg_slim", ""] == pytest.approx(0.9041)
    assert table["prune", "vgg_slim", "0.20"] == pytest.approx(0.7558) and np.isnan(table["transfer_all", "vgg_slim", ""])
    assert "published" not in accuracy_beside(tables.accuracies(ATTACKS), typed[:0])


def test_the_papers_thresholds_stand_beside_the_measured_ones():
    frame = pd.DataFrame({"source": ["a", "b"], "threshold": [0.1, 0.2], "a": [1.0, 0.9], "b": [0.8, 1.0]})
    typed = {"a": read_published(ROOT / "reports/published.csv", "emotion"),
             "b": read_published(ROOT / "reports/published.csv", "cifar10")}
    table = threshold_beside(frame, typed)
    assert list(table) == ["source", "threshold", "published", "a", "b"] and table["published"][0] == 0.321
    assert np.isnan(table["published"][1]) and "published" not in threshold_beside(frame[1:], typed)


def published(**wanted):
    frame = pd.read_csv(ROOT / "reports/published.csv", dtype=str, keep_default_na=False)
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return frame


@pytest.mark.parametrize(("table", "task", "method", "metric", "attack", "value"), [
    ("Table 1", "emotion", "SAC-JC", "auc", "extract_label", "0.92"), ("Table 2", "faces", "CAE", "f1", "prune", "0.60"),
    ("Table 3", "emotion", "", "accuracy", "extract_adv:resnet", "76.83"),
    ("Table 3", "fashion_mnist", "SAC-m", "auc", "extract_adv", "0.89"),
    ("Table 5", "cifar10", "EWE", "p_value", "transfer_corrupted", "1.57e-10"),
    ("Table 8", "cifar10", "CAE", "seconds", "", "25536.89")])
def test_published_values_are_the_papers(table, task, method, metric, attack, value):
    assert published(table=table, task=task, method=method, metric=metric, attack=attack)["value"].tolist() == [value]


@pytest.mark.parametrize(("table", "task"), [("Table 1", "emotion"), ("Table 5", "cifar10"), ("Table 4", "tiny_imagenet"),
                                             ("Table 2", "faces"), ("Table 3", "fashion_mnist"), ("Table 4", "cifar100")])
def test_printed_averages_are_the_means_of_what_is_typed(table, task):
    """Typing errors show: the printed average row is the mean of the rows above it."""
    typed = published(table=table, task=task, metric="auc")
    for _, rows in typed.groupby("method"):
        rows = rows[~rows["attack"].str.startswith("transfer")].set_index("attack")["value"].astype(float)
        assert rows.drop("average").mean() == pytest.approx(rows["average"], abs=0.0101)


def test_findings_say_what_the_numbers_say(scores):
    table = beside(tables.main_table(scores, ATTACKS, {"SAC-JC": FINGERPRINT}, HOW), read_published(
        ROOT / "reports/published.csv", "cifar10"))
    said = " ".join(text.findings(table, tables.accuracies(ATTACKS), False))
    assert "Outside: SAC-JC on extract_adv" in said and "(converged)" in said
    short = tables.accuracies(ATTACKS).assign(lowest_train=0.97)
    assert "NOT converged: raw logits" in text.findings(table, short, False)[-1]
    assert text.findings(table, short, True)[-1].endswith("(NOT converged).")
    compared = table[(table["inside"] != "") & (table["attack"] != "pooled")]
    assert f"in {(compared['inside'] == 'yes').sum()} of {len(compared)} cells" in said


def test_markdown_is_a_table():
    assert text.markdown(pd.DataFrame({"a": ["1"], "b": ["2"]})) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
