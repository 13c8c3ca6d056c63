"""The verdict's statistics: a conformal p-value against the references, corrected for how many suspects the case has.

Source, suspect and references are cut down to the suspect's form of answers on the probes that it answered. Then every one
of the n + 1 models is scored against the source by all the others as references: were the suspect one of them, each rank
would be as likely as any other, and p = (1 + references that score at least as high) / (n + 1) would be at most t with
probability at most t (full conformal prediction; Vovk, Gammerman & Shafer, 2005). Holm's step-down rule (1979) bounds the
chance to accuse any innocent one.

Answers in numbers are scored twice, by all numbers and by the best class alone, and a model's score is the larger of the
two in standard deviations of the n + 1. So a thief who spoils what the users of a copy do not look at is found by its
labels. The n + 1 models are treated alike: p stays what it is.
"""

from dataclasses import dataclass, replace

import numpy as np

from pipeline.cases.answers import ALL, Form, Rows, answered, brought_to, form_of, levelled, read_rows, weakest
from pipeline.cases.case import Rule, needed
from pipeline.core.errors import BadInput
from pipeline.core.names import module
from pipeline.fingerprints.comparing import Told
from pipeline.metrics.conformal import p_values

COPY, NONE_SHOWN, UNDECIDED = "copy", "no copy shown", "undecided"


@dataclass(frozen=True)
class Enrolled:
    """The answers of the enrolled models (P, K each), by name, and the source's class names."""

    source: np.ndarray
    classes: tuple[str, ...]
    references: dict[str, np.ndarray]
    known_copies: dict[str, np.ndarray]


@dataclass(frozen=True)
class Finding:
    """What was found of one suspect before correction. p_value is None where there is nothing to compare by."""

    suspect: str
    form: Form
    comparison: str
    answered: int
    refused: int
    score: float | None
    p_value: float | None
    references: dict[str, float]
    known_copies: dict[str, float]
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """A finding with its verdict: the corrected p-value, the highest score that is no accusation, how many references it
    takes.
    """

    finding: Finding
    verdict: str
    corrected: float | None
    threshold: float | None
    references_needed: int
    reason: str


def find(name: str, answers: np.ndarray, classes: tuple[str, ...], enrolled: Enrolled, rule: Rule) -> Finding:
    """Score one suspect's answers (P, K), NaN where it told nothing, against the source and rank it among the references.

    Raises BadInput if an enrolled model has no answer to a probe that the suspect answered.
    """
    told = answered(answers)
    own, same = form_of(answers), answers.shape[1] == enrolled.source.shape[1]
    answers = _in_order(answers, classes, enrolled.classes) if same else answers
    known = [*enrolled.references.values(), *enrolled.known_copies.values()]
    form = weakest([form_of(enrolled.source), *(form_of(other) for other in known)])
    rows = read_rows(answers[told]).within(form)
    comparisons = _comparisons(rows, rule, {each.shape[1] for each in (answers, enrolled.source, *known)})
    empty = Finding(name, own, " and ".join(comparisons), int(told.sum()), int((~told).sum()), None, None, {}, {})
    if told.sum() < rule.least:
        return replace(empty, why=f"it answered {told.sum()} probes, the rule asks for {rule.least}")
    if not same and (rows.label.any() or (rows.best < ALL).any() or any(map(_by_class, comparisons))):
        return replace(
            empty,
            why=f"it has {answers.shape[1]} classes, the source {enrolled.source.shape[1]}, and {empty.comparison} "
            f"compares {weakest([form, own])} class by class",
        )

    def cut(model: str, each: np.ndarray) -> np.ndarray:
        shown = brought_to(each[told], rows)
        if np.isnan(shown).any():
            raise BadInput(f"{model}: does not answer all probes that {name} answered, expected a number for every class")
        return shown

    def all_of(models: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        narrow = any(map(_by_class, comparisons))
        return {key: cut(key, each) for key, each in models.items() if not narrow or each.shape[1] == enrolled.source.shape[1]}

    source, suspect, references = cut("the source", enrolled.source), cut(name, answers), all_of(enrolled.references)
    others = list(references.values())
    score, scores = ranked(comparisons, source, suspect, others)
    copies = {key: ranked(comparisons, source, each, others)[0] for key, each in all_of(enrolled.known_copies).items()}
    p_value = float(p_values(np.array([score]), np.array(scores))[0])
    return replace(
        empty, score=score, p_value=p_value, known_copies=copies, references=dict(zip(references, scores, strict=True))
    )


def _comparisons(rows: Rows, rule: Rule, classes: set[int]) -> list[str]:
    """What answers are compared by: numbers, labels, or both where all models have one number of classes."""
    if rows.label.all():
        return [rule.labels]
    return [rule.numbers, rule.labels] if len(classes) == 1 else [rule.numbers]


def ranked(
    comparisons: list[str], source: np.ndarray, suspect: np.ndarray, references: list[np.ndarray]
) -> tuple[float, list[float]]:
    """The suspect's score and the references', each by all other models as references, the suspect among them.

    By several comparisons each model's is the largest of its standard scores among these models.
    """
    each = [_scores(comparison, source, [*references, suspect]) for comparison in comparisons]
    scores = each[0] if len(each) == 1 else np.max([_standard(one) for one in each], axis=0).round(6)
    return float(scores[-1]), scores[:-1].tolist()


def _scores(name: str, source: np.ndarray, models: list[np.ndarray]) -> np.ndarray:
    """The scores (M,) of models by one comparison, which is told levelled answers unless it compares labels."""
    compare = module("fingerprints", name).Comparison()
    if not compare.labelled:
        source, models = levelled(source), [levelled(model) for model in models]
    labels = np.zeros(len(source), np.int64)

    def score(place: int) -> float:
        others = models[:place] + models[place + 1 :] if compare.needs_references else []
        if compare.needs_references and not others:
            return 0.0
        return float(compare(Told(source, models[place][None], labels, labels - 1, others))[0])

    return np.array([score(place) for place in range(len(models))]).round(6)


def _standard(scores: np.ndarray) -> np.ndarray:
    deviation = scores.std()
    centred: np.ndarray = scores - scores.mean()
    return centred / deviation if deviation > 1e-6 else np.zeros_like(scores)


def judge(findings: list[Finding], rule: Rule, suspects: int) -> list[Verdict]:
    """Verdicts of findings, corrected for so many suspects (at least as many as there are findings)."""
    order = sorted((finding.p_value, place) for place, finding in enumerate(findings) if finding.p_value is not None)
    corrected: dict[int, float] = {}
    highest = 0.0
    for step, (p_value, place) in enumerate(order):
        highest = max(highest, min(1.0, p_value * max(1, suspects - step)))
        corrected[place] = highest
    return [_judged(finding, rule, suspects, corrected.get(place)) for place, finding in enumerate(findings)]


def _judged(finding: Finding, rule: Rule, suspects: int, corrected: float | None) -> Verdict:
    count, alone = len(finding.references), rule.references_needed
    enough = needed(rule.alpha, suspects)
    threshold = _threshold(list(finding.references.values()), rule.alpha / suspects)

    def verdict(word: str, reason: str, references: int = alone) -> Verdict:
        return Verdict(finding, word, corrected, threshold, references, reason)

    if finding.p_value is None or corrected is None:
        return verdict(UNDECIDED, finding.why)
    if corrected <= rule.alpha + 1e-12:
        return verdict(COPY, f"it is closer to the source than {_all_but(finding)} of {count} references")
    if count < alone:
        more = f", {enough} for {suspects} suspects" if suspects > 1 else ""
        return verdict(UNDECIDED, f"{count} references cannot show a copy at {rule.alpha:.0%}: it takes {alone}{more}", enough)
    if finding.p_value <= rule.alpha + 1e-12 and count < enough:
        return verdict(
            UNDECIDED,
            f"alone it would be called a copy, but among {suspects} suspects that takes {enough} "
            f"references, and there are {count}",
            enough,
        )
    higher = round(finding.p_value * (count + 1)) - 1
    return verdict(NONE_SHOWN, f"{higher} of {count} references are as close to the source as it is")


def _all_but(finding: Finding) -> str:
    higher = round((finding.p_value or 0) * (len(finding.references) + 1)) - 1
    return "all" if higher == 0 else f"all but {higher}"


def _threshold(scores: list[float], level: float) -> float | None:
    """The score that a suspect must exceed for a p-value of at most `level`; None if no score would do."""
    allowed = int(np.floor(level * (len(scores) + 1) + 1e-9)) - 1
    return sorted(scores, reverse=True)[allowed] if 0 <= allowed < len(scores) else None


def _by_class(comparison: str) -> bool:
    return bool(module("fingerprints", comparison).Comparison.same_classes)


def _in_order(answers: np.ndarray, classes: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray:
    """Answers with their classes in the source's order, where both name the same ones."""
    if classes == wanted or set(classes) != set(wanted) or len(set(classes)) != len(classes):
        return answers
    return answers[:, [classes.index(name) for name in wanted]]
