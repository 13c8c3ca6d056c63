"""Stage `report`: tables, figures and the page of a task."""

from pathlib import Path

import click
import pandas as pd

from pipeline.core.errors import BadInput
from pipeline.core.params import read
from pipeline.core.parquet import reading
from pipeline.core.seal import read_sealed, verify
from pipeline.fingerprints.naming import Fingerprint
from pipeline.metrics.statistics import Statistics
from pipeline.probes.probe_set import FACTS, load_examples, load_facts
from pipeline.reports.judging import with_redraws
from pipeline.reports.material import Material
from pipeline.reports.published import read_published, read_watermarked
from pipeline.reports.report import write_report
from pipeline.reports.tables import read_records
from pipeline.tasks.task import task_part
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("task")
@click.option("--scores", type=INPUT, required=True, help="Parquet file of the scores.")
@click.option("--redraws", type=INPUT, required=True, help="Parquet file of the ranks on redraws of the probes.")
@click.option("--records", type=INPUT, required=True, multiple=True, help="An attack's records, in table order; repeat it.")
@click.option("--probes", type=INPUT, multiple=True, required=True, help="Folder of a family's probes; repeat it.")
@click.option("--published", type=INPUT, required=True, help="The papers' values.")
@click.option("--watermarked", type=INPUT, required=True, help="EWE's rows, from tasks with a watermarked source.")
@click.option("--references", type=INPUT, required=True, help="What hangs on the reference models, of stage references.")
@click.option("--out", type=OUTPUT, required=True, help="Folder for the report.")
def report(
    task: str,
    scores: Path,
    redraws: Path,
    records: tuple[Path, ...],
    probes: tuple[Path, ...],
    published: Path,
    watermarked: Path,
    references: Path,
    out: Path,
) -> None:
    """Write the tables, figures and page of TASK."""
    _check_origins(task, scores, redraws, records, probes)
    facts = {method: own for folder in probes for method, own in load_facts(folder).items()}
    examples = [one for folder in probes for one in load_examples(folder)] if task_part(task, "show_probes") else []
    write_report(
        Material(
            task=task,
            title=task_part(task, "title"),
            scores=with_redraws(_read(scores), _read(redraws)),
            attacks=read_records(records),
            published=read_published(published, task_part(task, "published")),
            named=read("table", dict[str, Fingerprint]),
            asked=read("fingerprint", Fingerprint),
            statistics=read("metrics", Statistics),
            facts=facts,
            examples=examples,
            watermarked=read_watermarked(watermarked, task),
            references=_of_references(references, task),
        ),
        out,
    )


def _check_origins(task: str, scores: Path, redraws: Path, records: tuple[Path, ...], probes: tuple[Path, ...]) -> None:
    """Raise BadInput unless scores, records and probes are whole, and of one run of the task."""
    made = verify(scores, task=task)
    verify(redraws, task=task, scores=made.digest)
    source = made.of.get("source", "")
    for path in records:
        models = made.of.get(f"zoo/{path.stem}")
        verify(path, task=task, source=source, **({"models": models} if models else {}))
    for folder in probes:
        facts = verify(folder / FACTS, task=task, source=source)
        if made.of.get(f"probes/{folder.name}") != facts.digest:
            raise BadInput(f"{folder / FACTS}: other probes than {scores} was made with; `dvc repro` makes them anew")


def _of_references(path: Path, task: str) -> dict[str, pd.DataFrame]:
    """The tables of stage `references` by name."""
    tables = {name: pd.DataFrame(rows) for name, rows in read_sealed(path, task=task).items()}
    if set(tables) != {"curve", "accusations"}:
        raise BadInput(f"{path}: holds {', '.join(tables) or 'nothing'}, expected curve and accusations")
    return tables


def _read(path: Path) -> pd.DataFrame:
    with reading(path, "a file of scores"):
        return pd.read_parquet(path)
