"""Stage `report`: tables, figures and the page of a task."""

from pathlib import Path

import click
import pandas as pd

from pipeline.benchmark import task_part
from pipeline.errors import BadInput
from pipeline.fingerprints.naming import Fingerprint
from pipeline.params import read
from pipeline.probes.probe_set import load_examples, load_facts
from pipeline.reports.published import read_published, read_watermarked
from pipeline.reports.report import Material, write_report
from pipeline.reports.tables import read_records
from pipeline.statistics import Statistics
from stages.paths import INPUT, OUTPUT


@click.command()
@click.argument("task")
@click.option("--scores", type=INPUT, required=True, help="Parquet file of the scores.")
@click.option("--records", type=INPUT, required=True, multiple=True, help="An attack's records, in table order; repeat it.")
@click.option("--probes", type=INPUT, multiple=True, required=True, help="Folder of a family's probes; repeat it.")
@click.option("--published", type=INPUT, required=True, help="The papers' values.")
@click.option("--watermarked", type=INPUT, required=True, help="EWE's rows, from tasks with a watermarked source.")
@click.option("--out", type=OUTPUT, required=True, help="Folder for the report.")
def report(task: str, scores: Path, records: tuple[Path, ...], probes: tuple[Path, ...], published: Path,
           watermarked: Path, out: Path) -> None:
    """Write the tables, figures and page of TASK."""
    facts = {kind: own for folder in probes for kind, own in load_facts(folder).items()}
    examples = [one for folder in probes for one in load_examples(folder)] if task_part(task, "show_probes") else []
    write_report(Material(title=task_part(task, "title"), scores=_read_scores(scores), attacks=read_records(records),
                          published=read_published(published, task_part(task, "published")),
                          named=read("table", dict[str, Fingerprint]), asked=read("fingerprint", Fingerprint),
                          how=read("metrics", Statistics), facts=facts, examples=examples,
                          watermarked=read_watermarked(watermarked, task)), out)


def _read_scores(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; `dvc repro` makes it") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: not a file of scores ({' '.join(str(error).split())[:120]})") from None
