"""Ask many suspects, files in parallel; one that fails does not keep the others from being asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.cases.answers import form_of
from pipeline.cases.asking import Asked, ask_suspect
from pipeline.cases.case import ANSWERS, SUSPECTS, Enrolment, Limits, Model
from pipeline.cases.table import read_answers
from pipeline.core.errors import BadInput
from pipeline.core.executor import run_all


@dataclass(frozen=True)
class Told(Asked):
    """As Asked, with the form of the answers as a person reads it."""

    form: str


def ask_all(case: Path, enrolment: Enrolment, models: dict[str, Model], limits: Limits) -> Iterator[Told]:
    """Ask models by name, as many at once as there are cores. Raises BadInput at the end if some failed, naming the first."""
    failed: list[str] = []
    for result in run_all(_AskOne(case, enrolment, limits), list(models.items()), "asking suspects", here=True):
        if isinstance(result, str):
            failed.append(result)
        else:
            yield result
    if failed:
        more = f" (and {len(failed) - 1} more of {len(models)} suspects failed)" if len(failed) > 1 else ""
        raise BadInput(f"{failed[0]}{more}")


@dataclass(frozen=True)
class _AskOne:
    case: Path
    enrolment: Enrolment
    limits: Limits

    def __call__(self, job: tuple[str, Model]) -> Told | str:
        try:
            asked = ask_suspect(self.case, self.enrolment, job[1], job[0], self.limits)
            answers, _ = read_answers(self.case / SUSPECTS / asked.name / ANSWERS, self.enrolment.count)
            return Told(**vars(asked), form=str(form_of(answers)))
        except BadInput as error:
            return str(error)
