"""Kinds of answers are found out from the answers, and all models are brought to the same form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from pipeline.cases.answers import Form, brought_to, form_of, weakest
from pipeline.cases.case import Rule
from pipeline.cases.table import read_answers, write_answers
from pipeline.cases.verdict import Enrolled, find
from pipeline.core.errors import BadInput
from tests.casemaking import COPY, INNOCENT, SOURCE, noise_pictures, references

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


def test_probabilities_come_to_their_logarithm_which_are_logits_but_for_a_constant():
    shown = brought_to(CHANCES, Form("probabilities"), Form("probabilities"))
    assert np.allclose(shown - shown.mean(axis=1, keepdims=True), LOGITS - LOGITS.mean(axis=1, keepdims=True), atol=1e-5)
    assert np.allclose(brought_to(LOGITS, Form("logits"), Form("probabilities")), shown)


@pytest.mark.parametrize(
    "form", [Form("labels"), Form("top_k", None, 3), Form("top_k", 2, 2), Form("probabilities", 2), Form("probabilities")]
)
def test_whoever_tells_more_is_brought_to_the_same_numbers(form):
    told = {"labels": labels_beside_nothing(), "top_k": best(CHANCES, form.best or 6), "probabilities": CHANCES}[form.kind]
    told = np.round(told, form.digits) if form.digits else told
    assert np.allclose(brought_to(LOGITS, Form("logits"), form), brought_to(told, form_of(told), form), atol=1e-6)


@given(st.integers(1, 4), st.integers(0, 10_000))
def test_rounding_is_never_taken_for_more_than_it_tells(digits, seed):
    chances = softmax(np.random.default_rng(seed).normal(size=(30, 5)), axis=1)
    shown = brought_to(chances, Form("probabilities"), Form("probabilities", digits))
    again = brought_to(np.round(chances, digits), form_of(np.round(chances, digits)), Form("probabilities", digits))
    assert np.allclose(shown, again, atol=1e-9) and np.isfinite(shown).all()


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
def test_a_copy_is_found_and_an_innocent_model_is_not_whatever_the_interface_tells(told):
    pictures = noise_pictures(150).images
    enrolled = Enrolled(SOURCE(pictures), tuple("abcde"), {str(k): own(pictures) for k, own in enumerate(references(24))}, {})
    copied, innocent = (
        find("it", told(softmax(model(pictures), axis=1)).astype(np.float32), tuple("abcde"), enrolled, Rule())
        for model in (COPY, INNOCENT)
    )
    assert copied.p_value == 1 / 25 and innocent.p_value > 0.05


def best_of_five(chances):
    return np.where(np.argsort(np.argsort(-chances, axis=1), axis=1) < 3, chances, np.nan)


def test_a_copy_of_rounded_probabilities_is_not_compared_with_raw_logits():
    pictures = noise_pictures(150).images
    enrolled = Enrolled(SOURCE(pictures), tuple("abcde"), {str(k): own(pictures) for k, own in enumerate(references(24))}, {})
    rounded = np.round(softmax(COPY(pictures), axis=1), 2).astype(np.float32)
    finding = find("it", rounded, tuple("abcde"), enrolled, Rule(numbers="cosine_l1"))
    assert finding.form == Form("probabilities", 2) and finding.score > max(finding.references.values())


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
    shown = brought_to(CHANCES, Form("probabilities"), Form("top_k", None, 6), np.array([1, 2, 3, 6] * 10))
    assert [len(np.unique(row.round(9))) for row in shown[:4]] == [2, 3, 4, 6]


@pytest.mark.parametrize(
    ("answers", "form"),
    [
        (best(LOGITS, 3), Form("labels", best=3)),
        (best(CHANCES * 100, 3), Form("labels", best=3)),
        (np.where(np.isnan(best(CHANCES, 3)), np.nan, np.eye(6)[LOGITS.argmax(axis=1)]), Form("labels", best=3)),
        (np.where(np.arange(40)[:, None] == 3, LOGITS, best(CHANCES, 3)), Form("labels", best=6)),
    ],
)
def test_the_best_classes_without_probabilities_are_compared_by_label(answers, form):
    assert form_of(answers) == form and "compared by label" in str(form)
    assert (brought_to(answers, form, Form("labels")).argmax(axis=1) == LOGITS.argmax(axis=1)).all()


def test_raw_scores_of_the_best_classes_are_not_taken_for_probabilities():
    finding = compared(lambda chances: best_of_five(np.log(chances)))
    assert finding.comparison == "matching" and finding.p_value == 1 / 25


def test_an_enrolled_model_that_left_out_a_probe_is_named():
    pictures = noise_pictures(40).images
    others = {str(k): own(pictures) for k, own in enumerate(references(3))}
    others["1"][5] = np.nan
    with pytest.raises(BadInput, match="1: does not answer all probes that it answered"):
        find("it", COPY(pictures), tuple("abcde"), Enrolled(SOURCE(pictures), tuple("abcde"), others, {}), Rule())
