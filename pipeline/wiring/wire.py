"""The lists of dvc.yaml that name every attack and every family of probes, kept equal to the sections of params.yaml.

DVC interpolates no list into a stage's dependencies, and a folder as a dependency lets a stage run over an empty one: every
path is written out, in `cmd` and in `deps`. Names keep the places they have, so the order in dvc.yaml is the tables'; new ones
go behind the last.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.attacks import SECTIONS
from pipeline.core.errors import BadInput
from pipeline.core.files import write_text
from pipeline.core.params import read
from pipeline.wiring.stages import FILE

OTHERS = ("source", "surrogates", "references")
"""What has records besides the attacks."""


@dataclass(frozen=True)
class Gathering:
    """A stage's list: the path that an entry has, NAME in it, and the sections of params.yaml whose keys are the names."""

    stage: str
    path: str
    sections: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """What the list is to name."""
        return [name for section in self.sections for name in read(section)]

    def line(self) -> re.Pattern[str]:
        """What a line of the list looks like, in `cmd` (an option) and in `deps` (an item)."""
        before, after = (re.escape(part) for part in self.path.split("NAME"))
        return re.compile(rf"( +(?:- |--\w+ ){before})(\w+)({after})")


GATHERED = (
    Gathering("outputs", "artifacts/${item.task}/zoo/NAME", SECTIONS),
    Gathering("score", "artifacts/${item.task}/outputs/NAME.parquet", ("probes",)),
    Gathering("report", "artifacts/${item.task}/records/NAME.json", SECTIONS),
    Gathering("report", "artifacts/${item.task}/probes/NAME", ("probes",)),
)


def wired(text: str) -> str:
    """`text`, of a dvc.yaml, with every list as params.yaml asks for it. BadInput where a list is not to be found."""
    lines = text.split("\n")
    for gathering in GATHERED:
        lines = _rewritten(lines, gathering)
    return "\n".join(lines)


def wire(file: Path = Path(FILE)) -> bool:
    """Bring dvc.yaml up to date; whether anything had to change."""
    text = _text(file)
    if (new := wired(text)) != text:
        write_text(file, new)
    return new != text


def check_wired(file: Path = Path(FILE)) -> None:
    """Raise BadInput, naming the first line that is missing or too much, unless `wire` has nothing to do."""
    text = _text(file)
    if (new := wired(text)) == text:
        return
    there, wanted = ([line.strip() for line in version.split("\n")] for version in (text, new))
    missing = [line for line in wanted if line not in there]
    extra = [line for line in there if line not in wanted] or there
    what = f"lacks {missing[0]!r}" if missing else f"names {extra[0]!r}, which params.yaml does not"
    raise BadInput(f"{file}: {what}: type `sac wire`")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"no {file} in {Path.cwd()}: run this in the repository's root") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file}: not UTF-8") from None


def _rewritten(lines: list[str], gathering: Gathering) -> list[str]:
    """The file's lines with both lists of a gathering as they are to be."""
    pattern = gathering.line()
    found: list[str] = []
    stage, lists, run = "", 0, list[re.Match[str]]()
    for line in [*lines, ""]:
        if heading := re.fullmatch(r"  (\w+):", line):
            stage = heading.group(1)
        match = pattern.fullmatch(line) if stage == gathering.stage else None
        if match:
            run.append(match)
            continue
        if run:
            found += _entries(run, gathering.names)
            lists, run = lists + 1, []
        found.append(line)
    if lists != 2:
        raise BadInput(
            f"{FILE}: {gathering.stage}: expected lines with {gathering.path} one below the other, in cmd and "
            f"in deps, found {lists} such lists: git checkout {FILE}, then `sac wire`"
        )
    return found[:-1]


def _entries(run: list[re.Match[str]], names: list[str]) -> list[str]:
    """The lines of one list: those that stand there and are asked for, and the new ones behind the last of them."""
    before, after = run[0].group(1), run[0].group(3)
    there = [match.group(2) for match in run if match.group(2) in (*names, *OTHERS)]
    last = max((place for place, name in enumerate(there) if name in names), default=-1)
    there[last + 1 : last + 1] = [name for name in names if name not in there]
    return [f"{before}{name}{after}" for name in there]
