"""Kinds of answers are found out from the answers, and all models are brought to the same form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from scipy.special import softmax
from scipy.stats import zscore

from pipeline.cases.answers import MANY, Form, Rows, brought_to, form_of, levelled, read_rows, weakest
from pipeline.cases.case import Rule
from pipeline.cases.table import read_answers, write_answers
from pipeline.cases.verdict import Enrolled, find
from pipeline.core.errors import BadInput
from tests.casemaking import COPY, SOURCE, noise_pictures, references

LOGITS = np.random.default_rng(0).normal(size=(40, 6)) * 3
CHANCES = softmax(LOGITS, axis=1)


def best(chances, count):
    kept = np.where(np.argsort(np.argsort(-chances, axis=1), axis=1) < count, chances, np.nan)
    assert ((~np.isnan(kept)).sum(axis=1) == count).all()
    return kept


def labels_beside_nothing():
    return np.where(np.eye(6)[LOGITS.argmax(axis=1)] == 1, 1.0, np.nan)


@pytest.mark.parametrize(
    ("answers", "form"),
    [
        (LOGITS, Form("logits")),
        (np.log(CHANCES), Form("logits")),
        (CHANCES, Form("probabilities")),
        (CHANCES.astype(np.float32), Form("probabilities")),
        (np.round(CHANCES, 2), Form("probabilities", 2)),
        (np.round(CHANCES, 4).astype(np.float32), Form("probabilities", 4)),
        (np.eye(6)[LOGITS.argmax(axis=1)], Form("labels")),
        (labels_beside_nothing(), Form("labels")),
        (best(CHANCES, 3), Form("top_k", None, 3)),
        (best(np.round(0.9 * CHANCES, 3) + 1e-3 * np.arange(6), 2), Form("top_k", 3, 2)),
    ],
)
def test_the_form_of_answers_is_found_out(answers, form):
    assert form_of(answers) == form


def test_refused_probes_say_nothing_of_the_form():
    answers = CHANCES.copy()
    answers[::3] = np.nan
    assert form_of(answers) == Form("probabilities")


def test_all_answers_come_down_to_what_tells_least():
    assert weakest([Form("logits"), Form("probabilities", 3), Form("probabilities")]) == Form("probabilities", 3)
    assert weakest([Form("logits"), Form("top_k", 2, 3), Form("probabilities", 4)]) == Form("top_k", 2, 3)
    assert weakest([Form("logits"), Form("labels"), Form("top_k", 2, 3)]) == Form("labels")


def like(answers, count=40):
    """What answers tell that say as much as these, row by row."""
    return read_rows(np.asarray(answers)[:count])


def test_probabilities_come_to_their_logarithm_which_are_logits_but_for_a_constant():
    shown = brought_to(CHANCES, like(CHANCES))
    assert np.allclose(shown - shown.mean(axis=1, keepdims=True), LOGITS - LOGITS.mean(axis=1, keepdims=True), atol=1e-5)
    assert np.allclose(brought_to(LOGITS, like(CHANCES)), shown)


@pytest.mark.parametrize(
    "told",
    [
        labels_beside_nothing(),
        np.eye(6)[LOGITS.argmax(axis=1)],
        best(CHANCES, 3),
        np.round(best(CHANCES, 2), 2),
        np.round(CHANCES, 2),
        CHANCES,
        np.where(np.arange(40)[:, None] % 2 == 0, np.round(CHANCES, 1), best(CHANCES, 2)),
        np.where(np.arange(40)[:, None] == 3, LOGITS, np.round(CHANCES, 1)),
    ],
)
def test_whoever_tells_more_is_brought_to_the_same_numbers_probe_by_probe(told):
    assert np.allclose(brought_to(LOGITS, like(told)), brought_to(told, like(told)), atol=1e-6)


def test_an_owners_form_bounds_what_a_suspects_answers_may_tell():
    rows = like(LOGITS).within(Form("top_k", 2, 3))
    assert not rows.raw.any() and (rows.digits == 2).all() and (rows.best == 3).all() and not rows.label.any()
    assert like(CHANCES).within(Form("labels")).label.all() and like(LOGITS).within(Form("logits")).raw.all()
    assert (like(np.round(CHANCES, 2)).within(Form("probabilities", 4)).digits <= 2).all()


@given(st.integers(1, 4), st.integers(0, 10_000))
def test_rounding_is_never_taken_for_more_than_it_tells(digits, seed):
    chances = softmax(np.random.default_rng(seed).normal(size=(30, 5)), axis=1)
    rounded = np.round(chances, digits)
    rows = read_rows(rounded)
    assert (rows.digits <= digits).all()
    shown = brought_to(chances, rows)
    assert np.allclose(shown, brought_to(rounded, rows), atol=1e-9) and np.isfinite(shown).all()


@given(st.integers(0, 10_000), st.integers(0, 5))
def test_what_one_answer_tells_hangs_on_no_other(seed, way):
    """Answers of six kinds in any mixture are read as each alone."""
    draw = np.random.default_rng(seed)
    kinds = [LOGITS, CHANCES, np.round(CHANCES, 2), best(CHANCES, 3), best(LOGITS, 2), labels_beside_nothing()]
    chosen = draw.integers(0, len(kinds), 40)
    mixed = np.stack([kinds[kind][row] for row, kind in enumerate(chosen)])
    rows = read_rows(mixed)
    for name in ("label", "raw", "digits", "best"):
        alone = [getattr(read_rows(kinds[kind]), name)[row] for row, kind in enumerate(chosen)]
        assert (getattr(rows, name) == np.array(alone)).all()


@given(st.integers(0, 10_000), st.floats(1e-3, 1e300), st.floats(-1e3, 1e3))
def test_of_numbers_neither_offset_nor_scale_counts(seed, scale, offset):
    draw = np.random.default_rng(seed)
    logits, each = draw.normal(size=(20, 7)), draw.uniform(0.1, 10, (20, 1))
    assert np.allclose(levelled((logits + offset) * each), levelled(logits), atol=1e-9)
    assert np.allclose(levelled(logits * scale), levelled(logits))


def test_levelled_answers_are_about_their_mean_and_of_length_1():
    expected = np.array([5, 1, 9, 1]) - 4
    shown = levelled(np.array([[5.0, 1.0, 9.0, 1.0], [3.0] * 4, [0.0] * 4]))
    assert np.allclose(shown, [expected / np.linalg.norm(expected), [0] * 4, [0] * 4])


@pytest.mark.parametrize(
    "told",
    [
        lambda c: np.eye(5)[c.argmax(axis=1)],
        lambda c: np.round(c, 2),
        lambda c: np.round(c, 1),
        lambda c: c,
        lambda c: best_of_five(c),
    ],
)
def test_a_copy_is_found_and_one_innocent_in_twenty_five_whatever_the_interface_tells(told):
    """Of 25 innocent models each is judged by the other 24: 5 % of them is 1.25."""
    pictures = noise_pictures(150).images
    innocent = {str(k): own(pictures) for k, own in enumerate(references(25))}

    def p_value(model, by):
        enrolled = Enrolled(SOURCE(pictures), tuple("abcde"), by, {})
        return find("it", told(softmax(model, axis=1)).astype(np.float32), tuple("abcde"), enrolled, Rule()).p_value

    assert p_value(COPY(pictures), dict(list(innocent.items())[:24])) == 1 / 25
    others = [{key: own for key, own in innocent.items() if key != name} for name in innocent]
    accused = [p_value(model, by) <= 0.05 for model, by in zip(innocent.values(), others, strict=True)]
    assert sum(accused) <= 2


def best_of_five(chances):
    return np.where(np.argsort(np.argsort(-chances, axis=1), axis=1) < 3, chances, np.nan)


def test_a_copy_of_rounded_probabilities_is_not_compared_with_raw_logits():
    pictures = noise_pictures(150).images
    enrolled = Enrolled(SOURCE(pictures), tuple("abcde"), {str(k): own(pictures) for k, own in enumerate(references(24))}, {})
    rounded = np.round(softmax(COPY(pictures), axis=1), 2).astype(np.float32)
    finding = find("it", rounded, tuple("abcde"), enrolled, Rule(numbers="cosine_l1"))
    assert finding.form == Form("probabilities", 2) and finding.score > max(finding.references.values())


def labels(chances):
    return np.eye(chances.shape[1])[chances.argmax(axis=1)]


def at(places, changed, other):
    """A way to answer: as `changed` at these probes, as `other` at the rest."""

    def told(chances):
        shown = np.array(other(chances), np.float64)
        shown[places] = changed(chances)[places]
        return shown

    return told


def garbled(chances):
    below = np.random.default_rng(0).uniform(0, chances.max(axis=1).min(), chances.shape)
    return np.where(labels(chances) == 1, chances, below)


@pytest.mark.parametrize(
    "told",
    [
        at([7], np.log, lambda chances: chances),
        at([7], lambda chances: chances, lambda chances: np.round(chances, 2)),
        at([7], lambda chances: chances, labels),
        at([7], lambda chances: 1e30 * np.log(chances), labels),
        at(slice(0, 20), lambda chances: 1e4 * np.log(chances), np.log),
        at([3], lambda chances: np.log(chances) + 1e5, np.log),
        at([3], np.log, lambda chances: best_of_five(chances)),
        lambda chances: 100 * chances,
        lambda chances: np.cbrt(chances),
        lambda chances: garbled(chances),
        lambda chances: np.log(garbled(chances)),
    ],
)
def test_a_copy_gains_nothing_by_spoiling_what_its_users_do_not_see(told):
    """Each way keeps every label; under the earlier rule, one answer so told hid a copy."""
    finding = compared(told)
    assert finding.p_value == 1 / 25 and finding.comparison in ("procrustes and matching", "procrustes", "matching")


def test_the_score_is_the_larger_of_two_standard_scores():
    pictures = noise_pictures(60).images
    source, models = SOURCE(pictures), [own(pictures) for own in (*references(6), COPY)]
    enrolled = Enrolled(source, tuple("abcde"), {str(k): own for k, own in enumerate(models[:-1])}, {})
    finding = find("it", models[-1], tuple("abcde"), enrolled, Rule())

    def length_1(rows):
        rows = rows - rows.mean(axis=1, keepdims=True)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def distance(answers):
        one, other = (
            (own - own.mean(axis=0)) / np.linalg.norm(own - own.mean(axis=0)) for own in (length_1(source), length_1(answers))
        )
        turned = orthogonal_procrustes(other, one)[0]
        return -(np.linalg.norm(other @ turned - one) ** 2)

    numbers = [distance(own) for own in models]
    same = [(own.argmax(axis=1) == source.argmax(axis=1)).mean() for own in models]
    both = np.max([zscore(numbers), zscore(same)], axis=0)
    assert finding.comparison == "procrustes and matching"
    assert np.allclose([*finding.references.values(), finding.score], both, atol=1e-4)


@given(
    st.lists(
        st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=3, max_size=3), min_size=1, max_size=5
    )
)
def test_a_table_reads_as_it_was_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("table") / "answers.csv"
    answers = np.array(rows, np.float32)
    answers[0, 1] = np.nan
    write_answers(path, answers, ("a,b", 'say "c"', "<b>d</b>"))
    again, classes = read_answers(path, len(rows))
    assert np.array_equal(again, answers, equal_nan=True) and classes == ("a,b", 'say "c"', "<b>d</b>")


def compared(told):
    """What is found of answers to 150 probes, by 24 references."""
    pictures = noise_pictures(150).images
    enrolled = Enrolled(SOURCE(pictures), tuple("abcde"), {str(k): own(pictures) for k, own in enumerate(references(24))}, {})
    return find("it", told(softmax(COPY(pictures), axis=1)).astype(np.float32), tuple("abcde"), enrolled, Rule())


@pytest.mark.parametrize("places", [[7], slice(0, 150, 2)])
def test_a_copy_that_tells_all_classes_now_and_then_is_found_all_the_same(places):
    def told(chances):
        shown = best_of_five(chances)
        shown[places] = chances[places]
        return shown

    finding = compared(told)
    assert finding.form == Form("top_k", None, 5) and finding.p_value == 1 / 25


def test_a_copy_that_tells_what_lies_above_a_threshold_is_found_and_others_are_cut_down_probe_by_probe():
    finding = compared(lambda chances: np.where(chances > 0.05, chances, np.nan))
    assert finding.p_value == 1 / 25
    kept = np.array([1, 2, 3, 6] * 10)
    rows = Rows(np.zeros(40, bool), np.zeros(40, bool), np.full(40, MANY), kept)
    assert [len(np.unique(row.round(9))) for row in brought_to(CHANCES, rows)[:4]] == [2, 3, 4, 6]


@pytest.mark.parametrize(
    ("answers", "form"),
    [
        (best(LOGITS, 3), Form("labels", best=3)),
        (best(CHANCES * 100, 3), Form("labels", best=3)),
        (np.where(np.isnan(best(CHANCES, 3)), np.nan, np.eye(6)[LOGITS.argmax(axis=1)]), Form("labels", best=3)),
    ],
)
def test_the_best_classes_without_probabilities_are_compared_by_label(answers, form):
    assert form_of(answers) == form and "compared by label" in str(form)
    assert (brought_to(answers, read_rows(answers)).argmax(axis=1) == LOGITS.argmax(axis=1)).all()


def test_raw_scores_of_the_best_classes_are_not_taken_for_probabilities():
    finding = compared(lambda chances: best_of_five(np.log(chances)))
    assert finding.comparison == "matching" and finding.p_value == 1 / 25


def test_an_enrolled_model_that_left_out_a_probe_is_named():
    pictures = noise_pictures(40).images
    others = {str(k): own(pictures) for k, own in enumerate(references(3))}
    others["1"][5] = np.nan
    with pytest.raises(BadInput, match="1: does not answer all probes that it answered"):
        find("it", COPY(pictures), tuple("abcde"), Enrolled(SOURCE(pictures), tuple("abcde"), others, {}), Rule())
