"""What became of a fault: recovered, refused in one line, a traceback, a hang, or silently wrong."""

import json
from pathlib import Path

from benchmarks.injection.world import Ended

RECOVERED, REFUSED, TRACEBACK, HANG, WRONG = "recovered", "refused in one line", "traceback", "hang", "silent wrong"
OUTCOMES = (RECOVERED, REFUSED, TRACEBACK, HANG, WRONG)
SECONDS = ("seconds", "seal")


def judge(ended: Ended, pairs: list[tuple[Path, Path]]) -> str:
    """The outcome. pairs: what the command made, beside what the undisturbed run made: it is recovered if all are the same,
    and refused only if nothing new is left behind."""
    if ended.code is None:
        return HANG
    if ended.code == 0:
        return RECOVERED if all(same(made, expected) for made, expected in pairs) else WRONG
    if not is_one_line(ended):
        return TRACEBACK
    half = [made for made, expected in pairs if made.is_file() and not same(made, expected)]
    return WRONG if half else REFUSED


def is_one_line(ended: Ended) -> bool:
    """Whether a command that failed said why, in a last line that starts with `Error:`, and nothing else went wrong."""
    lines = ended.said.strip().splitlines()
    usage = any(line.startswith("Usage:") for line in lines)
    errors = [line for line in lines if line.startswith("Error:")]
    return ended.code in (1, 2) and "Traceback" not in ended.said and len(errors) == 1 and (usage or lines[-1] == errors[0])


def same(made: Path, expected: Path) -> bool:
    """Whether two files or folders are the same bytes, the seconds in records apart."""
    if expected.is_dir():
        names = {file.relative_to(root) for root in (made, expected) for file in root.rglob("*") if file.is_file()}
        return made.is_dir() and all(same(made / name, expected / name) for name in names)
    if not (made.is_file() and expected.is_file()):
        return made.exists() == expected.exists()
    if made.read_bytes() == expected.read_bytes():
        return True
    return made.suffix == ".json" and _without_seconds(made) == _without_seconds(expected)


def _without_seconds(file: Path) -> object:
    def stripped(value: object) -> object:
        if isinstance(value, dict):
            return {key: stripped(own) for key, own in value.items() if key not in SECONDS}
        return [stripped(own) for own in value] if isinstance(value, list) else value

    try:
        return stripped(json.loads(file.read_text()))
    except ValueError:
        return object()
