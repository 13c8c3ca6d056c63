"""Redraws of the probes: halves that pair up, and weights that give what comparing repeated probes gives."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.names import known, module
from pipeline.fingerprints import correlation
from pipeline.fingerprints.comparing import Comparing, Told
from pipeline.fingerprints.naming import Fingerprint
from pipeline.fingerprints.redraws import draw_halves, quick, redraw_frame
from pipeline.fingerprints.scoring import score_frame
from pipeline.outputs.table import Answers
from pipeline.reports.judging import with_redraws
from tests.making import make_suspects

COMPARISONS = {name: module("fingerprints", name).Comparison() for name in known("fingerprints")}
QUICK = [name for name, one in COMPARISONS.items() if quick(one)]


def draw(seed, probes=8, suspects=3, classes=4):
    generator = np.random.default_rng(seed)
    source = generator.normal(size=(probes, classes))
    others = source + generator.normal(size=(suspects, probes, classes))
    return source, others, generator.integers(0, classes, probes), generator.integers(-1, classes, probes)


def test_the_papers_comparisons_redraw_without_comparing_anew():
    assert set(QUICK) >= {"cosine_l1", "rbf_l1", "cosine_pearson", "matching", "mistakes", "pointwise_cosine"}


@settings(deadline=None, max_examples=25)
@pytest.mark.parametrize("name", QUICK)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_weights_give_what_repeated_probes_give(name, seed, data):
    told = draw(seed)
    weights = np.array(
        data.draw(
            st.lists(
                st.lists(st.integers(0, 3), min_size=8, max_size=8).filter(lambda own: sum(own) > 1), min_size=1, max_size=3
            )
        )
    )
    naive = Comparing.reweighted(COMPARISONS[name], weights, Told(*told))
    assert COMPARISONS[name].reweighted(weights, Told(*told)) == pytest.approx(naive, abs=1e-9)


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_half_gives_what_its_probes_alone_give(name):
    source, suspects, labels, targets = draw(1, probes=12)
    references = [own[0] for own in (draw(2, probes=12)[1], draw(3, probes=12)[1])]
    half = np.repeat([1, 0, 0, 1, 1, 0], 2)
    keep = half > 0
    known = [one[keep] for one in references]
    expected = COMPARISONS[name](Told(source[keep], suspects[:, keep], labels[keep], targets[keep], known))
    found = COMPARISONS[name].reweighted(half[None], Told(source, suspects, labels, targets, references))
    assert found[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["cosine_l1", "cosine_pearson"])
def test_blocks_give_what_whole_matrices_give(name, monkeypatch):
    told, weights = draw(3, probes=37), draw_halves(37, 6, 1, 0)
    whole = COMPARISONS[name].reweighted(weights, Told(*told))
    monkeypatch.setattr(correlation, "BLOCK", 300)
    assert COMPARISONS[name].reweighted(weights, Told(*told)) == pytest.approx(whole, abs=1e-12)


@given(st.integers(0, 30), st.integers(1, 10), st.integers(1, 3), st.integers(0, 10**6))
def test_halves_come_in_pairs_that_have_every_block_once(probes, pairs, together, seed):
    weights, blocks = draw_halves(probes, 2 * pairs, together, seed), probes // together
    assert weights.shape == (2 * pairs if blocks >= 4 else 0, probes)
    for first, second in zip(weights[::2], weights[1::2], strict=True):
        assert (first + second == (np.arange(probes) < blocks * together)).all()
        assert first.sum() == blocks // 2 * together
        own = first[: blocks * together].reshape(blocks, together)
        assert (own == own[:, :1]).all()


def made_answers(probes=20):
    generator = np.random.default_rng(0)
    source = generator.normal(size=(probes, 3)).astype(np.float32)
    answers = [source + generator.normal(size=(probes, 3)).astype(np.float32) * (1 + place % 3) for place in range(6)]
    suspects = make_suspects()
    return Answers(
        "clean",
        source,
        ("a", "b", "c"),
        suspects,
        answers,
        [("a", "b", "c")] * 4 + [("x", "y", "z")] * 2,
        np.zeros(probes, int),
        np.full(probes, -1),
    )


def redrawn(answers, named=()):
    return redraw_frame("made", answers, COMPARISONS, 6, named)


def test_ranks_are_those_of_the_suspects_that_a_fingerprint_scores():
    frame = redrawn(made_answers())
    for (_, comparison), own in frame.groupby(["representation", "comparison"]):
        ranks = np.stack(own["ranks"])
        assert ranks.shape == (4 if COMPARISONS[comparison].same_classes else 6, 6)
        assert ranks.dtype == np.uint16 and (ranks.min(axis=0) == 1).all() and (ranks.max(axis=0) <= len(ranks)).all()


def test_comparisons_without_a_quick_way_are_redrawn_where_the_main_table_names_them():
    asked = Fingerprint(method="clean", representation="logits", comparison="linear_cka")
    elsewhere = asked.model_copy(update={"method": "jpeg"})
    assert set(redrawn(made_answers(), [elsewhere])["comparison"]) == set(QUICK)
    named = redrawn(made_answers(), [asked])
    assert set(named["comparison"]) == {*QUICK, "linear_cka"}
    assert set(named[named["comparison"] == "linear_cka"]["representation"]) == {"logits"}


def test_too_few_probes_have_no_redraws(tmp_path: Path):
    few = redrawn(made_answers(probes=3))
    assert few.empty
    assert {"method", "comparison", "suspect", "ranks"} <= set(few)


def test_ranks_stand_beside_the_scores_over_all_probes():
    answers = made_answers()
    scores = with_redraws(score_frame("made", answers, COMPARISONS, (5,)), redrawn(answers))
    own = scores[(scores["comparison"] == "cosine_l1") & (scores["representation"] == "logits")]
    assert own[own["count"] == 5]["ranks"].isna().all()
    assert (own[own["count"] == 20]["ranks"].str.len() == 6).all()
    dash = scores[(scores["comparison"] == "matching") & (scores["attack"] == "transfer")]
    assert dash["ranks"].isna().all()
