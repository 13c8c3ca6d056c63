"""An owner's four steps as functions: enroll, ask, verify, recheck. A callable or an array of answers is enough for a model.

    from pipeline.cases.owner import Plan, ask, enroll, probes_of, verify
    enroll(Plan(source=my_model, images=pictures, references=(other, another, ...)), Path("case"))
    ask(Path("case"), "suspect.onnx")
    ask(Path("case"), their_answers, name="theirs")          # (P, K) for probes_of(case)
    for verdict in verify(Path("case")).verdicts:
        print(verdict.finding.suspect, verdict.verdict, verdict.corrected)

Bad input raises BadInput, files that do not hold together Tampered; both say what is wrong in one line.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.cases.asking import Asked, ask_suspect
from pipeline.cases.case import USUAL_LIMITS, Enrolment, Limits, Model, name_for, read_enrolment
from pipeline.cases.commitment import Tampered, stamp
from pipeline.cases.enrolling import Plan, enroll_case
from pipeline.cases.exchanging import take_in
from pipeline.cases.probes import read_probes
from pipeline.cases.recheck import recheck_case
from pipeline.cases.suspects.python_callable import answers_of
from pipeline.cases.verifying import Judgement, judge_case, write_verdict

__all__ = [
    "Asked",
    "Enrolment",
    "Judgement",
    "Limits",
    "Model",
    "Plan",
    "Tampered",
    "ask",
    "enroll",
    "probes_of",
    "recheck",
    "verify",
]


def enroll(plan: Plan, case: Path, authority: str | None = None, tell: Callable[[str], None] = print) -> Enrolment:
    """Draw probes, ask the source and the references, commit. authority: the address of an RFC 3161 authority that stamps
    it.
    """
    enrolment = enroll_case(plan, case, tell)
    if authority is not None:
        stamp(case, authority)
    return enrolment


def probes_of(case: Path) -> np.ndarray:
    """The probes (P, C, H, W) uint8 that suspects are asked."""
    return read_probes(case, read_enrolment(case))


def ask(
    case: Path,
    suspect: str | Model | Callable[[np.ndarray], np.ndarray] | np.ndarray,
    name: str | None = None,
    limits: Limits = USUAL_LIMITS,
) -> Asked:
    """Ask a suspect all probes and keep its answers. An array (P, K) is taken as the answers, NaN for what it did not tell."""
    enrolment = read_enrolment(case)
    if isinstance(suspect, (str, Model)):
        model = Model(text=suspect) if isinstance(suspect, str) else suspect
        return ask_suspect(case, enrolment, model, name_for(name or model.text), limits)
    text = f"callable {getattr(suspect, '__name__', type(suspect).__name__)}" if callable(suspect) else "an array of answers"
    answers = answers_of(suspect, read_probes(case, enrolment), text) if callable(suspect) else np.asarray(suspect, np.float32)
    classes = enrolment.classes
    if answers.ndim == 2 and answers.shape[1] != len(classes):
        classes = tuple(f"class {place}" for place in range(answers.shape[1]))
    called = name_for(name or str(getattr(suspect, "__name__", "array")))
    take_in(case, enrolment, answers, classes, called, text, None)
    refused = int(np.isnan(answers).all(axis=1).sum())
    return Asked(called, len(answers) - refused, refused, 0, len(answers))


def verify(case: Path, *suspects: str) -> Judgement:
    """The verdicts on the named suspects (on all, without names), written into the case."""
    judged = judge_case(case, suspects)
    write_verdict(case, judged)
    return judged


def recheck(case: Path, commitment: str | None = None, images: str | None = None) -> Judgement:
    """Recompute the verdict from the case's files alone. Raises Tampered for anything that does not hold together."""
    return recheck_case(case, commitment, images)
