"""Tables from made scores whose answer is known, and published values beside them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.core.errors import BadInput
from pipeline.fingerprints.naming import Fingerprint
from pipeline.metrics.statistics import Statistics
from pipeline.reports import judging, tables, text
from pipeline.reports.published import (
    COLUMNS,
    accuracy_beside,
    agreement,
    beside,
    read_published,
    read_watermarked,
    threshold_beside,
)
from pipeline.reports.tables import Attack
from tests.imports import ROOT

ARCHS = ("densenet_slim", "mobilenet_slim", "resnet_slim", "vgg_slim")
FINGERPRINT = Fingerprint(method="jpeg", representation="logits", comparison="cosine_l1")
HOW = Statistics()


def models(attack, variants=("",)):
    return [
        {
            "suspect": f"{attack}-{arch}-{seed}-{variant}",
            "attack": attack,
            "arch": arch,
            "seed": seed,
            "variant": variant,
            "train_accuracy": 1.0,
            "test_accuracy": 0.8,
            "key": f"{attack}{arch}{seed}",
        }
        for arch in ARCHS
        for seed in (0, 1)
        for variant in variants
    ]


LEARNED = {"images": 500, "classes": 10}
ATTACKS = [
    Attack("irrelevant", "task", False, None, LEARNED, models("irrelevant")),
    Attack("finetune_all", "task", True, None, LEARNED, models("finetune_all")),
    Attack("prune", "task", True, None, LEARNED, models("prune", ("0.10", "0.20"))),
    Attack("extract_adv", "task", True, None, LEARNED, models("extract_adv")),
    Attack("transfer_all", "transfer", True, None, LEARNED, models("transfer_all")),
    Attack("irrelevant_transfer", "transfer", False, None, LEARNED, models("irrelevant_transfer")),
    Attack("transfer_corrupted", "corrupted", True, "no corrupted data", {}, []),
]
LEVELS = {
    "irrelevant": 0.0,
    "finetune_all": 3.0,
    "prune": 0.5,
    "extract_adv": 0.0,
    "transfer_all": -2.0,
    "irrelevant_transfer": -4.0,
}


@pytest.fixture(scope="module")
def scores():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame([model for attack in ATTACKS for model in attack.models])
    frame = frame[["attack", "arch", "seed", "variant", "suspect"]]
    frame["score"] = [LEVELS[attack] + draw.normal(0, 0.3) for attack in frame["attack"]]
    return frame.assign(task="made", method="jpeg", representation="logits", comparison="cosine_l1", references="", count=100)


def own(scores, attack):
    return scores[scores["attack"] == attack]["score"].to_numpy()


def test_every_attack_is_judged_against_its_own_irrelevant_models(scores):
    table = judging.evaluate(scores, ATTACKS, HOW).set_index("attack")
    for attack, judge in (("finetune_all", "irrelevant"), ("prune", "irrelevant"), ("transfer_all", "irrelevant_transfer")):
        stolen, irrelevant = own(scores, attack), own(scores, judge)
        pairs = (stolen[:, None] > irrelevant[None]).mean()
        assert table.loc[attack, "auc"] == pytest.approx(pairs)
        assert table.loc[attack, "p_value"] == pytest.approx(stats.ttest_ind(stolen, irrelevant, equal_var=False).pvalue)
    assert table.loc["transfer_all", "auc"] == 1.0 and table.loc["transfer_all", "side"] == "above"
    assert "transfer_corrupted" not in table.index


def test_average_is_the_papers_mean_and_pooled_is_another(scores):
    table = judging.evaluate(scores, ATTACKS, HOW).set_index("attack")
    averaged = table.loc[["finetune_all", "prune", "extract_adv"]]
    for column in ("auc", "p_value", "f1"):
        assert table.loc["average", column] == pytest.approx(averaged[column].mean())
    together = np.concatenate([own(scores, attack) for attack in ("finetune_all", "prune", "extract_adv")])
    pairs = (together[:, None] > own(scores, "irrelevant")[None]).mean()
    assert table.loc["pooled", "auc"] == pytest.approx(pairs) and table.loc["pooled", "stolen"] == 32


def test_intervals_hold_their_estimates(scores):
    table = judging.evaluate(scores, ATTACKS, HOW)
    assert ((table["low"] <= table["auc"]) & (table["auc"] <= table["high"])).all()
    assert (table["low"] < table["high"]).all()


def test_the_average_of_attacks_is_surer_than_one_of_them(scores):
    table = judging.evaluate(scores, ATTACKS, HOW).set_index("attack")
    averaged, average = table.loc[["finetune_all", "prune", "extract_adv"]], table.loc["average"]
    assert average["high"] - average["low"] < (averaged["high"] - averaged["low"]).max()


def test_sources_are_judged_one_by_one_and_averaged(scores):
    plain = judging.evaluate(scores, ATTACKS, HOW).set_index("attack")
    shifted = scores.assign(score=scores["score"] + np.where(scores["attack"] == "prune", -0.4, 0.0))
    both = pd.concat([scores.assign(source=0), shifted.assign(source=1)], ignore_index=True)
    table = judging.evaluate(both.sample(frac=1, random_state=0), ATTACKS, HOW).set_index("attack")
    aucs = [(own(one, "prune")[:, None] > own(one, "irrelevant")[None]).mean() for one in (scores, shifted)]
    row = table.loc["prune"]
    assert (row["auc"], row["lowest"], row["highest"]) == pytest.approx((np.mean(aucs), min(aucs), max(aucs)))
    assert row["sources"] == 2 and plain.loc["prune", "sources"] == 1
    assert table.loc["finetune_all", ["stolen", "irrelevant", "f1"]].tolist() == pytest.approx(
        plain.loc["finetune_all", ["stolen", "irrelevant", "f1"]].tolist()
    )


def test_redraws_that_change_the_order_widen_the_limits(scores):
    draw = np.random.default_rng(1)
    ranked = scores.assign(ranks=[draw.integers(1, 50, 20) for _ in range(len(scores))])
    given, drawn = (judging.evaluate(own, ATTACKS, HOW).set_index("attack") for own in (scores, ranked))
    assert np.isnan(given.loc["prune", "sd_probes"]) and drawn.loc["prune", "sd_probes"] > 0.05
    assert drawn.loc["prune", "low"] < given.loc["prune", "low"]


def test_what_does_not_apply_is_a_dash(scores):
    changed = scores.assign(score=scores["score"].where(~scores["attack"].isin(["transfer_all"])))
    table = judging.main_table(changed, ATTACKS, {"SAC-JC": FINGERPRINT}, HOW)
    table = beside(table, read_published(ROOT / "reports/published.csv", "cifar10"))
    assert np.isnan(table.set_index("attack").loc["transfer_all", "auc"])
    grid = text.auc_grid(table).set_index("fingerprint").loc["SAC-JC"]
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
    agreed = scores.assign(method="clean", comparison="matching", score=scores["variant"].map({"0.10": 0.9, "0.20": 0.4}))
    table = tables.by_pruning_ratio(scores, ATTACKS, pd.concat([scores, agreed]))
    assert table["agreement"].tolist() == pytest.approx([0.9, 0.4]) and (table["test_accuracy"] == 0.8).all()
    assert table["ratio"].tolist() == ["0.10", "0.20"] and table["suspects"].tolist() == [8, 8]
    part = scores[(scores["attack"] == "prune") & (scores["variant"] == "0.10")]["score"].to_numpy()
    assert table["auc"][0] == (part[:, None] > own(scores, "irrelevant")[None]).mean()


def test_costs_count_a_run_once():
    seconds = {model["key"]: 2.0 for attack in ATTACKS for model in attack.models}
    table = tables.costs(ATTACKS, seconds).set_index("attack")
    assert table.loc["prune"].tolist() == [16, 8, 16.0]
    assert table.loc["total", "core_seconds"] == 2.0 * 8 * 6


def test_accuracies_are_means_by_architecture():
    table = tables.accuracies(ATTACKS)
    assert set(table["images"]) == {500} and set(table["classes"]) == {10}
    assert table[table["attack"] == "prune"]["variant"].tolist()[:2] == ["0.10", "0.20"]
    assert set(table["arch"]) == set(ARCHS)


@pytest.mark.parametrize(
    ("value", "low", "high", "inside"),
    [
        ("0.95", 0.9, 1.0, "yes"),
        ("0.95", 0.9451, 0.96, "yes"),
        ("0.95", 0.956, 1.0, "no"),
        ("1.0", 0.9, 0.96, "yes"),
        ("1.00", 0.9, 0.96, "no"),
        ("", 0.9, 1.0, ""),
        ("0.95", np.nan, np.nan, ""),
    ],
)
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
    typed = {
        "a": read_published(ROOT / "reports/published.csv", "emotion"),
        "b": read_published(ROOT / "reports/published.csv", "cifar10"),
    }
    table = threshold_beside(frame, typed)
    assert list(table) == ["source", "threshold", "published", "a", "b"] and table["published"][0] == 0.321
    assert np.isnan(table["published"][1]) and "published" not in threshold_beside(frame[1:], typed)


def published(**wanted):
    frame = pd.read_csv(ROOT / "reports/published.csv", dtype=str, keep_default_na=False)
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return frame


@pytest.mark.parametrize(
    ("table", "task", "fingerprint", "metric", "attack", "value"),
    [
        ("Table 1", "emotion", "SAC-JC", "auc", "extract_label", "0.92"),
        ("Table 2", "faces", "CAE", "f1", "prune", "0.60"),
        ("Table 3", "emotion", "", "accuracy", "extract_adv:resnet", "76.83"),
        ("Table 3", "fashion_mnist", "SAC-m", "auc", "extract_adv", "0.89"),
        ("Table 5", "cifar10", "EWE", "p_value", "transfer_corrupted", "1.57e-10"),
        ("Table 8", "cifar10", "CAE", "seconds", "", "25536.89"),
    ],
)
def test_published_values_are_the_papers(table, task, fingerprint, metric, attack, value):
    assert published(table=table, task=task, fingerprint=fingerprint, metric=metric, attack=attack)["value"].tolist() == [value]


@pytest.mark.parametrize(
    ("table", "task"),
    [
        ("Table 1", "emotion"),
        ("Table 5", "cifar10"),
        ("Table 4", "tiny_imagenet"),
        ("Table 2", "faces"),
        ("Table 3", "fashion_mnist"),
        ("Table 4", "cifar100"),
    ],
)
def test_printed_averages_are_the_means_of_what_is_typed(table, task):
    """Typing errors show: the printed average row is the mean of the rows above it."""
    typed = published(table=table, task=task, metric="auc")
    for _, rows in typed.groupby("fingerprint"):
        rows = rows[~rows["attack"].str.startswith("transfer")].set_index("attack")["value"].astype(float)
        assert rows.drop("average").mean() == pytest.approx(rows["average"], abs=0.0101)


def test_the_verdict_says_what_the_numbers_say(scores):
    weak = scores.assign(method="clean", score=-scores["score"])
    named = {"SAC-JC": FINGERPRINT, "Other": FINGERPRINT.model_copy(update={"method": "clean"})}
    main = judging.main_table(pd.concat([scores, weak]), ATTACKS, named, HOW)
    auc = {row.fingerprint: row.auc for row in main[main["attack"] == "average"].itertuples()}
    begins = f"SAC-JC tells copies from other models best: average AUC {auc['SAC-JC']:.2f} ["
    assert text.verdict(main, "Other").startswith(begins)
    assert f"; Other has {auc['Other']:.2f} [" in text.verdict(main, "Other") and "Other" not in text.verdict(main, "SAC-JC")


def test_whether_models_converged_is_said():
    assert "(converged)" in text.convergence(tables.accuracies(ATTACKS), False)[0]
    short = tables.accuracies(ATTACKS).assign(lowest_train=0.97)
    assert "NOT converged: raw logits" in text.convergence(short, False)[0]
    assert text.convergence(short, True)[0].endswith("(NOT converged).")


def test_agreement_counts_cells_and_measures_gaps(scores):
    table = beside(judging.main_table(scores, ATTACKS, {"SAC-JC": FINGERPRINT}, HOW), published_rows())
    found = agreement(table).set_index("over")
    cells = table[table["published"].ne("") & (table["attack"] != "pooled")]
    gaps = (cells["auc"] - cells["published"].astype(float)).abs()
    every, hard = found.loc["all cells"], found.loc["without fine-tuning and the average"]
    assert every["cells"] == len(cells) and every["inside"] == (cells["inside"] == "yes").sum()
    assert every["gap"] == pytest.approx(gaps.mean())
    left = ~cells["attack"].isin(["finetune_all", "average"])
    assert hard["cells"] == left.sum() and hard["gap"] == pytest.approx(gaps[left].mean())
    assert agreement(beside(table, published_rows()[:0])).empty


def test_published_p_values_and_f1_stand_beside_measured_ones(scores):
    table = beside(judging.main_table(scores, ATTACKS, {"SAC-JC": FINGERPRINT}, HOW), published_rows())
    shown = text.beside_published(table).set_index("attack")
    typed = published_rows()
    for metric, column in (("p_value", "published p-value"), ("f1", "published F1"), ("auc", "published")):
        own = typed[(typed["metric"] == metric) & (typed["fingerprint"] == "SAC-JC")].set_index("attack")["value"]
        assert shown.loc["prune", column] == own["prune"]


def published_rows():
    return read_published(ROOT / "reports/published.csv", "cifar10")


def test_a_published_value_for_fine_tuning_of_either_kind_stands_beside_both():
    rows = [("SAC-JC, Gaussian", attack) for attack in ("finetune_all", "finetune_last", "prune")]
    rows += [("SAC-JC", "finetune_all"), ("SAC-w", "finetune_all")]
    frame = pd.DataFrame(rows, columns=["fingerprint", "attack"]).assign(auc=1.0, low=0.9, high=1.0)
    published = pd.DataFrame(
        [
            ("SAC-JC, Gaussian", "finetune", "1.00"),
            ("SAC-JC, Gaussian", "prune", "0.98"),
            ("SAC-JC", "finetune", "1.00"),
            ("SAC-JC", "finetune_all", "0.99"),
        ],
        columns=["fingerprint", "attack", "value"],
    ).assign(metric="auc")
    assert beside(frame, published)["published"].tolist() == ["1.00", "1.00", "0.98", "0.99", ""]


@pytest.mark.parametrize("read", [read_published, read_watermarked])
@pytest.mark.parametrize("content", [b"\xb5\xff\x00PAR1", b"", b'task,"a', b"a,b\n1,2\n"])
def test_a_file_that_is_no_table_of_ours_is_refused_in_one_line(tmp_path, read, content):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(BadInput, match=r"x\.csv: "):
        read(tmp_path / "x.csv", "cifar10")
