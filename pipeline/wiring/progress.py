"""How far `dvc repro` is: its lines of output, turned into `stage 7 of 42: zoo prune, about 3 min left`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.wiring.stages import Stage

SHARES = {
    "check": 2.0,
    "split": 5.0,
    "source": 10.0,
    "query_models": 12.0,
    "zoo": 14.0,
    "probes": 8.0,
    "outputs": 6.0,
    "score": 20.0,
    "report": 20.0,
}
"""About how long the stages of a command take beside each other; nothing but the time left comes from them."""
LINE = re.compile(r"(?P<runs>Running stage|Stage) '(?P<stage>[^']+)'(?P<rest>.*)")
SILENT = re.compile(
    r"> |\s*$|To track the changes|\s+git add |To enable auto staging|\s+dvc config core|Use `dvc push`|"
    "Updating lock"
)
"""What dvc says that a reader of the progress has no use for."""


def planned(stages: Sequence[Stage], tasks: int) -> list[str]:
    """The command of every stage that a run of so many tasks goes through, one each."""
    return [stage.command for stage in stages for _ in stage.items for _ in range(1 if stage.command == "check" else tasks)]


@dataclass
class Progress:
    """Follows one run. plan: the commands of all its stages. seconds: how long each stage that ran took, by its name."""

    plan: list[str]
    done: int = 0
    left: float = 0.0
    spent: float = 0.0
    worked: float = 0.0
    running: str = ""
    since: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.left = sum(map(share, self.plan))

    def read(self, line: str, now: float) -> str | None:
        """What to print for a line of dvc's at the time `now` in seconds; nothing for what needs no reader."""
        found = LINE.match(line)
        if not found or not (found["runs"] == "Running stage" or "skipping" in found["rest"]):
            return None if SILENT.match(line) else line.rstrip("\n")
        self.close(now)
        self.done += 1
        words = f"stage {self.done} of {max(self.done, len(self.plan))}: {spoken(found['stage'])}"
        own = share(found["stage"].partition("@")[0])
        if found["runs"] == "Stage":
            self.left -= own
            return f"{words}, nothing to do"
        self.running, self.since = found["stage"], now
        return f"{words}{self.remaining()}"

    def close(self, now: float) -> None:
        """The stage that runs has ended."""
        if self.running:
            own = share(self.running.partition("@")[0])
            self.seconds[self.running] = now - self.since
            self.spent, self.worked, self.left = self.spent + now - self.since, self.worked + own, self.left - own
            self.running = ""

    def remaining(self) -> str:
        """`, about 3 min left`, once enough ran to tell."""
        if self.worked < SHARES["score"]:
            return ""
        seconds = max(0.0, self.left) * self.spent / self.worked
        return f", about {max(1, round(seconds / 60))} min left" if seconds > 45 else ", less than a minute left"


def share(stage: str) -> float:
    """The share of a stage by its name."""
    return SHARES.get(stage.removeprefix("second_"), SHARES["zoo"])


def spoken(stage: str) -> str:
    """`zoo prune (fashion_mini)` for `zoo@fashion_mini-prune`."""
    name, _, items = stage.partition("@")
    task, _, item = items.partition("-")
    return f"{name} {item} ({task})".replace("  ", " ") if task else name
