"""Verdicts of a case from its files alone, and the record of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.cases import commitment
from pipeline.cases.case import (
    ANSWERS,
    KNOWN_COPIES,
    LOG,
    REFERENCES,
    SOURCE,
    SUSPECT,
    SUSPECTS,
    VERDICT,
    Enrolment,
    SuspectRecord,
    check_suspect,
    read_enrolment,
    read_record,
    suspects_of,
)
from pipeline.cases.log import answers_of, now, read_log
from pipeline.cases.measured import measured_rate
from pipeline.cases.table import read_answers
from pipeline.cases.verdict import Enrolled, Verdict, find, judge
from pipeline.core.errors import BadInput
from pipeline.core.files import write_json

VERDICT_LIST = "verdict.sha256"


@dataclass(frozen=True)
class Judgement:
    """All that a verdict page shows. suspects: how many the case has asked, which is what verdicts are corrected for."""

    enrolment: Enrolment
    commitment: str
    stamped: str | None
    suspects: int
    verdicts: list[Verdict]
    records: dict[str, SuspectRecord]
    queries: dict[str, int]


def judge_case(case: Path, names: tuple[str, ...] = ()) -> Judgement:
    """Verdicts of the named suspects, of all without names. Every suspect of the case counts in the correction.

    Raises BadInput for an unknown suspect, Tampered where the case's files do not hold together or some are links.
    """
    enrolment = read_enrolment(case)
    check_enrolled(case)
    commitment.files_in(case, SUSPECTS, VERDICT)
    asked = [name for name in suspects_of(case) if (case / SUSPECTS / name / ANSWERS).exists()]
    for name in names:
        check_suspect(case, name)
    if not asked:
        raise BadInput(f"{case}: no suspect was asked; `sac ask {case} MODEL` asks one")
    enrolled = read_enrolled(case, enrolment)
    findings = [find(name, *read_suspect(case, name, enrolment), enrolled, enrolment.rule) for name in asked]
    verdicts = judge(findings, enrolment.rule, len(asked))
    shown = [verdict for verdict in verdicts if not names or verdict.finding.suspect in names]
    records = {name: read_record(case / SUSPECTS / name / SUSPECT, SuspectRecord) for name in asked}
    queries = {name: queries_of(case, name, enrolment) for name in asked}
    return Judgement(enrolment, commitment.committed(case), commitment.stamped(case), len(asked), shown, records, queries)


def check_enrolled(case: Path) -> None:
    """Raise Tampered unless all that was enrolled is what the case committed to."""
    commitment.committed(case)
    commitment.check_list(case, commitment.LIST, ("enrolled",))


def read_enrolled(case: Path, enrolment: Enrolment) -> Enrolled:
    """The answers of source, references and known copies."""
    source, _ = read_answers(case / SOURCE, enrolment.count)

    def all_of(folder: str, models: tuple[Any, ...]) -> dict[str, np.ndarray]:
        return {model.name: read_answers(case / folder / f"{model.name}.csv", enrolment.count)[0] for model in models}

    return Enrolled(
        source, enrolment.classes, all_of(REFERENCES, enrolment.references), all_of(KNOWN_COPIES, enrolment.known_copies)
    )


def read_suspect(case: Path, name: str, enrolment: Enrolment) -> tuple[np.ndarray, tuple[str, ...]]:
    """A suspect's answers (P, K) and the names of its classes. Raises Tampered if they are not those of its log."""
    folder = case / SUSPECTS / name
    if read_record(folder / SUSPECT, SuspectRecord).commitment != commitment.committed(case):
        raise commitment.Tampered(f"{SUSPECTS}/{name}/{SUSPECT}: was asked under another commitment than the case's")
    answers, classes = read_answers(folder / ANSWERS, enrolment.count)
    logged, named = answers_of(read_log(folder / LOG, enrolment.count), enrolment.count, enrolment.classes)
    if named != classes or not np.array_equal(logged, answers, equal_nan=True):
        raise commitment.Tampered(f"{SUSPECTS}/{name}/{ANSWERS}: not the answers that {LOG} holds")
    return answers, classes


def queries_of(case: Path, name: str, enrolment: Enrolment) -> int:
    """How many queries a suspect was sent, failed ones included."""
    return sum(line.queries for line in read_log(case / SUSPECTS / name / LOG, enrolment.count))


def write_verdict(case: Path, judged: Judgement) -> None:
    """Write verdict.json, its picture and its page, and the list of all that they rest on."""
    from pipeline.cases.page import page
    from pipeline.cases.picture import picture
    from pipeline.core.files import write_text

    folder = case / VERDICT
    (case / VERDICT_LIST).unlink(missing_ok=True)  # a kill leaves no list beside files that it does not list
    write_json(folder / "verdict.json", {"created": now(), **record_of(judged)})
    drawn = picture(judged.verdicts)
    write_text(folder / "verdict.svg", drawn)
    write_text(folder / "verdict.html", page(judged, drawn))
    files = [case / commitment.LIST, case / commitment.ROOT, *commitment.files_in(case, SUSPECTS, VERDICT)]
    commitment.write_list(case, VERDICT_LIST, files + [path for path in [case / commitment.STAMP] if path.exists()])


def record_of(judged: Judgement) -> dict[str, Any]:
    """What verdict.json holds."""
    return {
        "commitment": judged.commitment,
        "stamped": judged.stamped,
        "rule": judged.enrolment.rule.model_dump(mode="json"),
        "suspects_asked": judged.suspects,
        "verdicts": [verdict_record(judged, verdict) for verdict in judged.verdicts],
    }


def verdict_record(judged: Judgement, verdict: Verdict) -> dict[str, Any]:
    """One suspect's verdict as plain values."""
    found = verdict.finding
    return {
        "suspect": found.suspect,
        "model": judged.records[found.suspect].model.text,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "answers": str(found.form),
        "comparison": found.comparison,
        "score": found.score,
        "p_value": found.p_value,
        "p_value_corrected": verdict.corrected,
        "references": len(found.references),
        "references_needed": verdict.references_needed,
        "threshold": verdict.threshold,
        "reference_scores": found.references,
        "known_copy_scores": found.known_copies,
        "answered": found.answered,
        "refused": found.refused,
        "queries": judged.queries[found.suspect],
        "measured": measured_rate(found.form.kind, found.answered, len(found.references)),
    }
