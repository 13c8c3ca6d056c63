"""Faults by the thousand against the real commands on a tiny task, and what became of each.

    python -m benchmarks.faults                    25 minutes after the tiny run is made: a table of all kinds
    python -m benchmarks.faults --minutes 5        the slice for continuous integration
    python -m benchmarks.faults --only kill --seed 7
    python -m benchmarks.faults --world FOLDER     on a run that an earlier call made and kept there

Each fault is drawn from (seed, kind, number) alone, so that a number that failed can be repeated. Right is: the same bytes as
an undisturbed run, or an end in one line with nothing half-written. The exit code is 1 if anything else happened.
"""

import csv
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.injection import disks, files, inputs, kills
from benchmarks.injection.judging import OUTCOMES, RECOVERED, REFUSED
from benchmarks.injection.world import Draw, Fault, Kind, World, import_all, make_world

KINDS: dict[str, tuple[Kind, int]] = {
    "control": (files.control, 1),
    "artifact": (files.artifact, 8),
    "store": (files.store, 4),
    "cache": (files.cache, 2),
    "remote": (files.remote, 1),
    "report": (files.report, 1),
    "lock": (files.lock, 2),
    "kill": (kills.kill, 8),
    "worker": (kills.worker, 1),
    "two runs": (kills.two_runs, 1),
    "two clones": (kills.two_clones, 1),
    "params": (inputs.params, 16),
    "text": (inputs.text, 6),
    "names": (inputs.names, 6),
    "model": (inputs.model, 6),
    "pictures": (inputs.pictures, 2),
    "full": (disks.full, 2),
    "read-only": (disks.read_only, 1),
}
"""The kinds of faults, and how many of each come in a round."""

COLUMNS = ("kind", "number", "outcome", "where", "what", "said")


def inject(
    world: World,
    kinds: list[str],
    seed: int,
    seconds: float,
    most: int | None = None,
    note: Callable[[str, int, Fault], None] = lambda *_: None,
) -> list[tuple[str, int, Fault]]:
    """Faults of `kinds` in turn until the time is over, or `most` of them were made: (kind, number, fault), each noted."""
    began, counts = time.monotonic(), Counter[str]()
    found: list[tuple[str, int, Fault]] = []
    while True:
        for kind in kinds:
            function, weight = KINDS[kind]
            for _ in range(weight):
                if time.monotonic() - began > seconds or (most and len(found) >= most):
                    return found
                number = counts[kind]
                counts[kind] += 1
                fault = function(world, Draw(seed, kind, number))
                found.append((kind, number, fault))
                note(kind, number, fault)
                if fault.outcome not in (RECOVERED, REFUSED):
                    click.echo(f"{kind} {number}: {fault.outcome}: {fault.where}: {fault.what}: {fault.said[-600:]}", err=True)


def summary(found: list[tuple[str, int, Fault]], seed: int, minutes: float) -> str:
    """The counts by kind as a Markdown table."""
    counts = Counter((kind, fault.outcome) for kind, _, fault in found)
    lines = [
        f"# {len(found):,} faults (seed {seed}, {minutes:.0f} minutes)",
        "",
        "`python -m benchmarks.faults` injects them into the real commands on a tiny task. Recovered: the same bytes as "
        "an undisturbed run, seconds apart.",
        "",
        f"| kind | what is done | faults | {' | '.join(OUTCOMES)} |",
        f"|---|---|{'---:|' * (1 + len(OUTCOMES))}",
    ]
    for kind in dict.fromkeys(kind for kind, _, _ in found):
        own = [counts[kind, outcome] for outcome in OUTCOMES]
        said = (KINDS[kind][0].__doc__ or "").split("\n")[0]
        lines.append(f"| {kind} | {said} | {sum(own):,} | {' | '.join(map(str, own))} |")
    total = Counter(fault.outcome for _, _, fault in found)
    lines.append(f"| all | | {len(found):,} | {' | '.join(str(total[outcome]) for outcome in OUTCOMES)} |")
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--seed", default=0, show_default=True, help="What the faults are drawn from.")
@click.option("--only", multiple=True, type=click.Choice(list(KINDS)), help="Only this kind; repeat it.")
@click.option("--minutes", default=25.0, show_default=True, help="How long to go on, once the tiny run is there.")
@click.option("--world", "folder", type=click.Path(path_type=Path), help="Where the tiny run lies or is to be kept.")
@click.option("--out", type=click.Path(path_type=Path), help="FILE.csv of all faults, and FILE.md of the counts beside it.")
def main(seed: int, only: tuple[str, ...], minutes: float, folder: Path | None, out: Path | None) -> None:
    """Inject faults into the real commands and count what became of them."""
    import_all()
    home = folder or Path(tempfile.mkdtemp(prefix="sac-faults-"))
    try:
        made = (home / "repository/dvc.lock").exists()
        world = World(home.resolve() / "repository", home.resolve() / "scratch") if made else make_world(home.resolve())
        world.fresh()
        kinds = list(only or KINDS)
        if not disks.can_mount(world.scratch / "mount"):
            click.echo("no right to mount a file system here: full and read-only are left out", err=True)
            kinds = [kind for kind in kinds if kind not in ("full", "read-only")]
        found = inject(world, kinds, seed, 60 * minutes, None, _table(out, home.resolve()) if out else lambda *_: None)
    finally:
        if not folder:
            shutil.rmtree(home, ignore_errors=True)
    click.echo(text := summary(found, seed, minutes))
    if out:
        out.with_suffix(".md").write_text(text)
    sys.exit(any(fault.outcome not in (RECOVERED, REFUSED) for _, _, fault in found))


def _table(out: Path, home: Path) -> Callable[[str, int, Fault], None]:
    """Writes a row for every fault at once, so that a campaign that is stopped has its table; `home` is WORLD there."""
    file = out.open("w", newline="", buffering=1)
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(COLUMNS)

    def note(kind: str, number: int, fault: Fault) -> None:
        rows.writerow([kind, number, fault.outcome, fault.where, fault.what, _last(fault.said.replace(str(home), "WORLD"))])

    return note


def _last(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1][:160] if lines else ""


if __name__ == "__main__":
    main()
