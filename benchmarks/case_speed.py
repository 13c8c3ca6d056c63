"""What a verdict costs an owner: the case of docs/cases.md step by step, and asking a hundred suspects.

    python -m benchmarks.case_speed artifacts/fashion_mini      # a finished run; some minutes

The suspects of the case are three. The hundred are the run's extracted, fine-tuned and independent models in turn, under names
of their own, each loaded and asked anew in a process of its own. Ends with an error if a verdict is not the right one. Written:
benchmarks/verdicts/case_speed.csv.
"""

import re
import shutil
import tempfile
from itertools import cycle, islice
from pathlib import Path

import click
import pandas as pd

from benchmarks.timing import Ran, run
from pipeline.reports.markdown import table
from pipeline.reports.text import write_csv

OUT = Path(__file__).parent / "verdicts/case_speed.csv"
SUSPECTS = {"extract_prob": "copy", "finetune_all": "copy", "irrelevant": "no copy shown"}
MANY = 100
EACH = 15
"""References of each of four architectures: to accuse any of three suspects at 5 % takes 59."""


@click.command()
@click.argument("artifacts", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(artifacts: Path) -> None:
    """Measure with the finished run ARTIFACTS, and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case"
        suspects = [artifacts / f"zoo/{attack}/{attack}-vgg_slim-0.safetensors" for attack in SUSPECTS]
        rows = [_row(f"enroll, {4 * EACH} references trained", _sac(0, "enroll", *enrolling(artifacts, case)))]
        many = Path(shutil.copytree(case, Path(folder) / "many"))
        rows.append(_row("ask three suspects", _sac(0, "ask", case, *suspects)))
        judged = _sac(1, "verify", case)
        check_verdicts(judged.output)
        rows += [_row("verify", judged), _row("recheck", _sac(0, "recheck", case))]
        rows.append(_row(f"ask {MANY} suspects", _sac(0, "ask", many, *named_anew(artifacts, Path(folder) / "suspects"))))
    frame = pd.DataFrame(rows)
    write_csv(frame, OUT)
    click.echo(table(frame.astype(str)))


def enrolling(artifacts: Path, case: Path) -> list[object]:
    """The words after `sac enroll`, as docs/cases.md has them."""
    source, pool, query = "source/source-vgg_slim-0", "defender/pool", "defender/query"
    given = [artifacts / f"{name}.safetensors" for name in (source, pool, query)]
    return [given[0], "--images", given[1], "--train-references", given[2], "--references-per-arch", EACH, "--out", case]


def named_anew(artifacts: Path, folder: Path) -> list[Path]:
    """MANY files in `folder`, links to the run's models in turn."""
    folder.mkdir()
    models = [file.resolve() for attack in SUSPECTS for file in sorted((artifacts / "zoo" / attack).glob("*.safetensors"))]
    links = []
    for place, model in enumerate(islice(cycle(models), MANY)):
        links.append(folder / f"suspect-{place:03d}.safetensors")
        links[-1].symlink_to(model)
    return links


def check_verdicts(said: str) -> None:
    """Ends with an error if a suspect's verdict is not the one that it should have."""
    for attack, right in SUSPECTS.items():
        found = re.search(rf"^{attack}-\S+: (copy|no copy shown|undecided)", said, re.M)
        if found is None or found[1] != right:
            raise click.ClickException(f"{attack}: expected {right!r}; sac verify says:\n{said}")


def _sac(expected: int, *words: object) -> Ran:
    ran = run(["sac", *map(str, words)])
    if ran.code != expected:
        raise click.ClickException(f"sac {words[0]} ended with {ran.code}, expected {expected}")
    return ran


def _row(step: str, ran: Ran) -> dict[str, object]:
    return {
        "step": step,
        "seconds": round(ran.seconds, 1),
        "core_seconds": round(ran.core_seconds, 1),
        "queries": sum(map(int, re.findall(r"(\d+) queries", ran.output))),
    }


if __name__ == "__main__":
    main()
