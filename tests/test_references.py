"""Which references score which suspects, and what scoring makes of them."""

import numpy as np
import pandas as pd
import pytest

from pipeline.core.errors import BadInput
from pipeline.fingerprints import cosine_l1, label_likelihood, partial, partial_pointwise
from pipeline.fingerprints.comparing import Told
from pipeline.fingerprints.naming import Fingerprint, check_fingerprint
from pipeline.fingerprints.redraws import draw_halves
from pipeline.fingerprints.references import KINDS, Round, drawn, folds, rounds, suspects_of
from pipeline.fingerprints.scoring import Asked, score_frame
from pipeline.outputs.table import Answers

ARCHS = ("densenet", "resnet", "vgg")
CLASSES = ("a", "b", "c")
COMPARISONS = {
    "cosine_l1": cosine_l1.Comparison(),
    "partial": partial.Comparison(),
    "partial_pointwise": partial_pointwise.Comparison(),
    "label_likelihood": label_likelihood.Comparison(),
}


def models_of(**counts):
    """So many models of each attack for each architecture."""
    rows = [
        {"attack": attack, "arch": arch, "seed": seed, "variant": "", "suspect": f"{attack}-{arch}-{seed}"}
        for attack, count in counts.items()
        for arch in ARCHS
        for seed in range(count)
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def answers():
    """A task whose models share much, copies more, with two models of other classes."""
    models = models_of(irrelevant=2, copy=2, references=1, surrogates=1)
    other = pd.DataFrame({"attack": "transfer", "arch": "vgg", "seed": [0, 1], "variant": "", "suspect": ["t0", "t1"]})
    models = pd.concat([models, other], ignore_index=True)
    draw = np.random.default_rng(0)
    task = draw.normal(size=(40, 3)) * 3
    source = task + draw.normal(size=(40, 3))
    logits = [
        (source if attack in ("copy", "surrogates") else task) + draw.normal(size=(40, 3)) * 0.6 for attack in models["attack"]
    ]
    logits[-2:] = [np.hstack([own, own[:, :1]]) for own in logits[-2:]]
    return Answers(
        "clean",
        source,
        CLASSES,
        models,
        logits,
        [CLASSES] * (len(models) - 2) + [("v", "w", "x", "y")] * 2,
        np.zeros(40, int),
        np.full(40, -1),
    )


def names(answers, places):
    return set(answers.suspects["suspect"].iloc[places])


def test_innocents_are_one_of_each_architecture_in_turn_and_then_no_suspects(answers):
    first, second = rounds("innocents", answers.suspects)
    assert names(answers, first.references) == {f"irrelevant-{arch}-0" for arch in ARCHS}
    assert names(answers, second.references) == {f"irrelevant-{arch}-1" for arch in ARCHS}
    everyone = names(answers, suspects_of(answers.suspects))
    assert names(answers, first.suspects) == everyone - names(answers, first.references)


def test_the_owners_references_score_all_suspects_and_are_none(answers):
    (only,) = rounds("owner", answers.suspects)
    assert names(answers, only.references) == {f"references-{arch}-0" for arch in ARCHS}
    assert not {name for name in names(answers, only.suspects) if name.startswith(("references", "surrogates"))}


def test_no_suspect_meets_a_reference_of_its_own_architecture(answers):
    archs = answers.suspects["arch"].to_numpy(str)
    parts = rounds("owner_other", answers.suspects)
    assert np.sort(np.concatenate([part.suspects for part in parts])).tolist() == suspects_of(answers.suspects).tolist()
    for part in parts:
        assert len(part.references) == 2 and not set(archs[part.references]) & set(archs[part.suspects])


def test_without_reference_models_there_are_innocents_alone():
    models = models_of(irrelevant=2, copy=1)
    assert [kind for kind in KINDS if rounds(kind, models)] == ["innocents"]
    assert not rounds("innocents", models_of(copy=1))


def test_an_architecture_with_fewer_seeds_limits_the_folds():
    models = models_of(irrelevant=3).drop(index=0).reset_index(drop=True)
    assert [len(fold) for fold in folds(models)] == [3, 3]


@pytest.mark.parametrize("number", range(1, 6))
def test_drawn_references_are_spread_over_architectures_and_leave_the_rest_as_suspects(number):
    models = models_of(irrelevant=2, copy=1)
    for one in drawn("innocents", models, number, draws=5):
        counts = models.iloc[one.references]["arch"].value_counts().reindex(ARCHS, fill_value=0)
        assert len(one.references) == number == len(set(one.references)) and counts.max() - counts.min() <= 1
        assert not set(one.references) & set(one.suspects) and len(one.suspects) == len(models) - number


def test_too_few_models_to_draw_from_give_no_rounds():
    models = models_of(irrelevant=2, references=1)
    assert drawn("innocents", models, 6, draws=3) == [] and drawn("owner", models, 4, draws=3) == []
    assert len(drawn("owner", models, 3, draws=9)) == 1


def frame_of(answers):
    return score_frame("made", answers, COMPARISONS, ())


def test_there_is_a_row_for_every_kind_of_references_and_suspect(answers):
    frame = frame_of(answers)
    assert not frame["attack"].isin(["references", "surrogates"]).any()
    for (comparison, _), own in frame.groupby(["comparison", "representation"]):
        assert set(own["references"]) == ({""} if comparison == "cosine_l1" else set(KINDS))
        assert (own.groupby("references")["suspect"].nunique() == len(suspects_of(answers.suspects))).all()


def test_a_score_is_the_comparisons_own_and_that_of_innocents_the_mean_over_turns(answers):
    frame, asked = frame_of(answers), Asked(answers, "logits")
    own = frame[frame["comparison"] == "partial"].set_index(["references", "suspect"])["score"]
    turns = [asked.scores(COMPARISONS["partial"], [one])[0] for one in rounds("innocents", answers.suspects)]
    place = {name: place for place, name in enumerate(answers.suspects["suspect"])}
    copy, innocent = place["copy-vgg-0"], place["irrelevant-vgg-0"]
    assert own["innocents", "copy-vgg-0"] == pytest.approx(np.mean([turn[copy] for turn in turns]))
    assert np.isnan(turns[0][innocent]) and own["innocents", "irrelevant-vgg-0"] == pytest.approx(turns[1][innocent])
    known = [answers.logits[place[f"references-{arch}-0"]] for arch in ARCHS]
    alone = COMPARISONS["partial"](Told(answers.source, answers.logits[copy][None], answers.labels, answers.targets, known))
    assert own["owner", "copy-vgg-0"] == pytest.approx(alone[0])


def told_alone(answers, place, references, half=slice(None)):
    """What a comparison is told of one model by these references, on a half of the probes."""
    told = Told(
        answers.source,
        answers.logits[place][None],
        answers.labels,
        answers.targets,
        [answers.logits[one] for one in references],
    )
    return told.on(np.arange(len(answers.labels))[half])


@pytest.mark.parametrize("redrawn", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["partial", "partial_pointwise", "label_likelihood"])
def test_rounds_that_are_scored_together_score_as_each_model_alone(answers, name, kind, redrawn):
    comparison, chosen = COMPARISONS[name], rounds(kind, answers.suspects)
    weights = draw_halves(len(answers.labels), 4, 1, 0) if redrawn else None
    halves = [np.flatnonzero(own) for own in weights] if redrawn else [slice(None)]
    found = Asked(answers, "logits", weights=weights).scores(comparison, chosen)
    assert chosen and (not redrawn or len({tuple(half) for half in halves}) == 4)
    for one, scores in zip(chosen, found.reshape(len(chosen), len(halves), -1), strict=True):
        for place in range(len(answers.suspects)):
            same = answers.classes[place] == answers.source_classes
            for half, score in zip(halves, scores[:, place], strict=True):
                if place in one.suspects and (same or not comparison.same_classes):
                    assert score == pytest.approx(comparison(told_alone(answers, place, one.references, half))[0], abs=1e-9)
                else:
                    assert np.isnan(score)


def test_a_round_uses_the_references_that_it_can(answers):
    asked, models = Asked(answers, "logits"), answers.suspects
    other = np.flatnonzero([classes != answers.source_classes for classes in answers.classes])
    known = np.flatnonzero(models["attack"] == "references")
    suspects = np.flatnonzero(models["attack"] == "copy")
    turns = [Round(np.concatenate([known, other]), suspects), Round(other, suspects), Round(known, np.zeros(0, int))]
    pairwise, pointwise = (asked.scores(COMPARISONS[name], turns) for name in ("partial", "partial_pointwise"))
    for place in suspects:
        alone = COMPARISONS["partial_pointwise"](told_alone(answers, place, known))
        assert pointwise[0, place] == pytest.approx(alone[0], abs=1e-9)
    assert np.isfinite(pairwise[:2, suspects]).all() and not np.allclose(pairwise[0, suspects], pairwise[1, suspects])
    assert np.isnan(pointwise[1:]).all() and np.isnan(pairwise[2]).all()
    assert asked.scores(COMPARISONS["partial"], []).shape == (0, len(models))


@pytest.mark.parametrize("kind", KINDS)
def test_copies_are_told_from_irrelevant_models_with_any_references(answers, kind):
    frame = frame_of(answers)
    for comparison in ("partial", "partial_pointwise"):
        own = frame[(frame["comparison"] == comparison) & (frame["references"] == kind)].set_index("attack")["score"]
        assert own["copy"].min() > own["irrelevant"].max()


def test_models_of_other_classes_have_a_partial_correlation_pairwise_alone(answers):
    frame = frame_of(answers).set_index(["comparison", "suspect"])["score"]
    assert frame["partial", "t0"].notna().all() and frame["partial_pointwise", "t0"].isna().all()


def test_references_of_other_classes_are_used_pairwise_alone(answers):
    asked, everyone = Asked(answers, "logits"), np.arange(len(answers.suspects))
    assert len(asked.references(COMPARISONS["partial"], everyone)) == len(everyone)
    assert len(asked.references(COMPARISONS["partial_pointwise"], everyone)) == len(everyone) - 2


def test_a_fingerprint_names_its_references_if_and_only_if_it_needs_some():
    good = Fingerprint(method="jpeg", representation="logits", comparison="partial", references="owner")
    check_fingerprint("table.x", good)
    assert good.label == "jpeg, logits, partial, owner"
    with pytest.raises(BadInput, match=r"references: partial is scored with one of innocents, owner, owner_other, found none"):
        check_fingerprint("table.x", good.model_copy(update={"references": ""}))
    with pytest.raises(BadInput, match=r"cosine_l1 is scored with none, found owner"):
        check_fingerprint("table.x", good.model_copy(update={"comparison": "cosine_l1"}))
