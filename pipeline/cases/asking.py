"""Ask one suspect all probes of a case, once each."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.cases import commitment
from pipeline.cases.case import (
    ANSWERS,
    LOCKS,
    LOG,
    SUSPECT,
    SUSPECTS,
    USUAL_LIMITS,
    Enrolment,
    Limits,
    Model,
    SuspectRecord,
    alone,
    read_record,
)
from pipeline.cases.log import Log, now, row_values
from pipeline.cases.probes import read_probe_files, read_probes
from pipeline.cases.suspects import SERVERS, file_of, format_module, format_of
from pipeline.cases.suspects.child import ask_in_child
from pipeline.cases.suspects.sending import BudgetSpent, Refused, Sender
from pipeline.cases.table import write_answers
from pipeline.core.errors import BadInput
from pipeline.core.files import write_json
from pipeline.core.seal import file_digest


@dataclass(frozen=True)
class Asked:
    """What came of asking: how many probes have an answer, were refused, or were not asked for want of a budget; queries
    sent.
    """

    name: str
    answered: int
    refused: int
    left: int
    queries: int


def ask_suspect(case: Path, enrolment: Enrolment, model: Model, name: str, limits: Limits = USUAL_LIMITS) -> Asked:
    """Ask a suspect what it was not asked yet, and write its answers; whoever asks the same one waits until that is done.

    Raises BadInput; what was answered is kept. Raises Tampered for a case with links, through which it would write elsewhere.
    """
    form, root = format_of(model.text), commitment.committed(case)
    commitment.files_in(case, SUSPECTS, LOCKS)
    folder = case / SUSPECTS / name
    record = SuspectRecord(name=name, model=model, sha256=model_sha256(model), commitment=root, first=now(), limits=limits)
    with alone(case, f"{name}.lock", f"asking {name}"):
        _open_record(folder, record)
        log = Log(folder / LOG, enrolment.count)
        todo = [place for place in range(enrolment.count) if place not in log.known]
        if todo:
            (_ask_server if form in SERVERS else _ask_file)(case, enrolment, model, limits, log, todo)
        if not log.known:
            raise BadInput(f"{name}: the budget of {limits.budget} queries is spent before the first answer")
        write_answers(folder / ANSWERS, *log.answers(enrolment))
    refused = sum(1 for line in log.known.values() if line.values is None)
    return Asked(name, len(log.known) - refused, refused, enrolment.count - len(log.known), log.queries)


def model_sha256(model: Model) -> str | None:
    """SHA-256 of the file that a model is read from; None if it is none. Raises BadInput if there is no such file."""
    file = file_of(model.text)
    if file is None:
        return None
    if not file.is_file():
        raise BadInput(f"{model.text}: no such file")
    return file_digest(file)


def _open_record(folder: Path, record: SuspectRecord) -> None:
    if not (folder / SUSPECT).exists():
        write_json(folder / SUSPECT, record.model_dump(mode="json"))
        return
    known = read_record(folder / SUSPECT, SuspectRecord)
    if (known.model, known.sha256) != (record.model, record.sha256):
        raise BadInput(
            f"{folder}: {known.name} is {known.model.text}, asked on {known.first}; this is another model "
            "or another input: give it its own --name"
        )


def _ask_file(case: Path, enrolment: Enrolment, model: Model, limits: Limits, log: Log, todo: list[int]) -> None:
    todo = todo[: max(0, limits.budget - log.queries)] if limits.budget else todo
    if not todo:
        return
    files = read_probe_files(case, enrolment.count)
    answers, classes = ask_in_child(model, read_probes(case, enrolment)[todo], limits)
    for place, row in zip(todo, answers, strict=True):
        values = row_values(row)
        extra = {"classes": classes} if classes is not None and place == todo[0] else {}
        log.write(probe=place, sent=_sha256(files[place]), answer=_sha256(json.dumps(values).encode()), values=values, **extra)


def _ask_server(case: Path, enrolment: Enrolment, model: Model, limits: Limits, log: Log, todo: list[int]) -> None:
    images, sent = read_probes(case, enrolment), [0]
    budget = limits.budget or 3 * enrolment.count + 3

    def count() -> None:
        if log.queries + sent[0] >= budget:
            raise BudgetSpent
        sent[0] += 1

    endpoint = format_module(format_of(model.text)).Endpoint(model, Sender(limits, count), enrolment.classes)
    for place in todo:
        if not _ask_probe(endpoint.ask, place, images[place], log, sent):
            return


def _ask_probe(
    ask: Callable[[np.ndarray], tuple[np.ndarray, bytes, bytes]], place: int, image: np.ndarray, log: Log, sent: list[int]
) -> bool:
    """Ask one probe and log what came of it, queries that failed included. False when the budget is spent."""
    try:
        row, body, reply = ask(image)
        widths = {len(line.values) for line in log.known.values() if line.values is not None}
        if widths and len(row) not in widths:
            raise BadInput(f"probe {place}: {len(row)} classes, {widths.pop()} in earlier answers")
        line: dict[str, Any] = {"sent": _sha256(body), "answer": _sha256(reply), "values": row_values(row)}
    except Refused as refusal:
        line = {"sent": None, "answer": None, "values": None, "refused": str(refusal)}
    except BudgetSpent:
        _log_failed(log, place, sent, "budget spent")
        return False
    except BadInput as error:
        _log_failed(log, place, sent, str(error))
        raise
    queries, sent[0] = sent[0], 0
    log.write(probe=place, queries=queries, **line)
    return True


def _log_failed(log: Log, place: int, sent: list[int], why: str) -> None:
    if sent[0]:
        queries, sent[0] = sent[0], 0
        log.write(probe=place, queries=queries, failed=why)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
