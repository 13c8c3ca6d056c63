"""What reports say of references, on answers whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from pipeline.fingerprints import cosine_l1, partial_pointwise
from pipeline.fingerprints.comparing import Told
from pipeline.fingerprints.references import calibrations, drawn, folds, leave_one_out
from pipeline.fingerprints.scoring import Asked, left_out_scores
from pipeline.outputs.table import Answers
from pipeline.reports.references import accusations, average_auc, reference_curve

ARCHS = ("resnet", "vgg")
CLASSES = ("a", "b", "c")
POINTWISE = {"partial_pointwise": partial_pointwise.Comparison()}


@pytest.fixture(scope="module")
def asked():
    """Twelve irrelevant models, eight copies of two attacks, six references of the owner's."""
    counts = {"irrelevant": 6, "light": 2, "heavy": 2, "references": 3}
    models = pd.DataFrame(
        [
            {"attack": attack, "arch": arch, "seed": seed, "variant": "", "suspect": f"{attack}-{arch}-{seed}"}
            for attack, count in counts.items()
            for arch in ARCHS
            for seed in range(count)
        ]
    )
    draw = np.random.default_rng(0)
    task, own = draw.normal(size=(2, 50, 3))
    shares = models["attack"].map({"irrelevant": 0, "light": 1, "heavy": 0.3, "references": 0})
    logits = [task * 2 + share * own + draw.normal(size=(50, 3)) * 0.7 for share in shares]
    return Asked(
        Answers("clean", task * 2 + own, CLASSES, models, logits, [CLASSES] * len(models), np.zeros(50, int), np.full(50, -1)),
        "logits",
    )


def test_the_average_auc_is_scikit_learns_attack_by_attack(asked):
    attacks = asked.answers.suspects["attack"].to_numpy(str)
    scores = np.random.default_rng(1).normal(size=len(attacks))
    scores[0] = np.nan
    innocent = scores[attacks == "irrelevant"][1:]
    expected = [
        roc_auc_score(np.r_[np.ones(4), np.zeros(11)], np.r_[scores[attacks == attack], innocent])
        for attack in ("light", "heavy")
    ]
    assert average_auc(asked, scores, ["light", "heavy"]) == pytest.approx(np.mean(expected))
    assert np.isnan(average_auc(asked, scores, ["light", "absent"]))


def test_the_curve_has_a_point_for_every_number_that_there_is(asked):
    curve = reference_curve(asked, POINTWISE, ["heavy"], numbers=(1, 4, 8, 12), draws=3)
    assert curve[["references", "number"]].to_numpy().tolist() == [
        ["innocents", 1],
        ["innocents", 4],
        ["innocents", 8],
        ["owner", 1],
        ["owner", 4],
    ]
    chosen = drawn("innocents", asked.answers.suspects, 4, draws=3)
    expected = [average_auc(asked, asked.scores(POINTWISE["partial_pointwise"], [one])[0], ["heavy"]) for one in chosen]
    point = curve[(curve["references"] == "innocents") & (curve["number"] == 4)].iloc[0]
    assert (point["auc"], point["low"], point["high"]) == pytest.approx((np.mean(expected), min(expected), max(expected)))


def test_every_innocent_is_judged_once_and_never_by_itself(asked):
    models = asked.answers.suspects
    parts = calibrations("innocents", models)
    innocent = set(np.flatnonzero(models["attack"] == "irrelevant"))
    judged = [place for one in parts for place in one.suspects if place in innocent]
    assert sorted(judged) == sorted(innocent) and len(parts) == len(folds(models))
    for one in parts:
        assert set(one.references) == innocent - set(one.suspects)


def test_a_reference_is_scored_by_all_others(asked):
    whole = calibrations("owner", asked.answers.suspects)[0]
    references, suspects = left_out_scores(asked, POINTWISE["partial_pointwise"], whole)
    assert references.shape == (6,) and suspects.shape == (len(whole.suspects), 6)
    logits, first = asked.answers.logits, whole.references[0]
    both, others = np.stack([logits[first], logits[whole.suspects[0]]]), [logits[place] for place in whole.references[1:]]
    alone = POINTWISE["partial_pointwise"](Told(asked.source, both, asked.labels, asked.targets, others))
    assert [references[0], suspects[0, 0]] == pytest.approx(alone)
    assert [one.suspects[-1] for one in leave_one_out(whole)] == whole.references.tolist()


def test_copies_are_accused_and_innocents_hardly(asked):
    table = accusations(asked, POINTWISE, ["light"], levels=(0.05, 0.2)).set_index(["references", "level"])
    assert table.loc[("innocents", 0.2), "found"] == 1 and table.loc[("innocents", 0.2), "innocent"] <= 0.3
    assert table.loc[("owner", 0.2), "number"] == 6 and table.loc[("owner_other", 0.2), "number"] == 3
    assert (table.xs(0.05, level="level")[["innocent", "found"]] == 0).all().all()  # 1 / 11 is the least
    assert table.loc[("innocents", 0.05), "least"] == pytest.approx(1 / 11)


def test_a_fingerprint_without_references_has_p_values_too(asked):
    table = accusations(asked, {"cosine_l1": cosine_l1.Comparison()}, ["light"], levels=(0.2,))
    assert set(table["references"]) == {"innocents", "owner", "owner_other"} and table["found"].notna().all()
