"""The page and the tables over all reports, made outside the DAG: they show whatever tasks have been run."""

from pathlib import Path

import click
import pandas as pd

from pipeline.benchmark import Benchmark
from pipeline.files import write_text
from pipeline.params import read
from pipeline.reports import figures
from pipeline.reports.exchange import exchange
from pipeline.reports.overview import averages, regime_grid, regimes, results, watermarked
from pipeline.reports.page import write_index
from pipeline.reports.published import read_published, threshold_beside
from pipeline.reports.text import markdown, rounded, write_csv
from pipeline.statistics import Statistics
from stages.paths import OUTPUT

PUBLISHED = Path("reports/published.csv")
RESULTS = ("Core-hours: the seconds of all training runs, on one core each. inside: how many of the published AUCs lie in the "
           "95 % interval of the measured one.")
REGIME = ("AUC with an under-trained zoo (benchmarks.*_short in params.yaml) → with a converged one, on the same images: how "
          "models are trained decides whether the correlation of raw answers works.")
EXCHANGE = ("The threshold of SAC-JC as a distance, and the mean F1 of each source's suspects by the threshold of every source "
            "(SAC-JC, Table 7 and Figure 5).")


@click.command()
@click.option("--reports", type=OUTPUT, default=Path("reports"), show_default=True, help="The folder of all reports.")
def index(reports: Path) -> None:
    """Write the page over the reports of all tasks, their results side by side, and EWE's rows for the tasks they belong to."""
    benchmarks = {name: read(f"benchmarks.{name}", Benchmark) for name in read("benchmarks")}
    found = averages(reports)
    titles = {name: benchmark.title for name, benchmark in benchmarks.items()}
    faces = {task for task in found if task in benchmarks and benchmarks[task].verification}
    tables = [_averages({task: own for task, own in found.items() if (task in faces) == verification}, titles)
              for verification in (False, True)]
    sections = [*_results(reports, titles), *_regimes(reports), *_exchanges(reports, benchmarks, list(found))]
    write_index(reports / "index.html", [table for table in tables if table["tasks"]], sections)
    if len(rows := watermarked(reports)):
        write_text(reports / "watermarked.csv", rows.to_csv(index=False))
    click.echo(f"{reports / 'index.html'}: {len(found)} tasks")


def _averages(found: dict[str, dict[str, float]], titles: dict[str, str]) -> dict:
    """The table of tasks that are asked in one way: face verification has fingerprints of its own."""
    names = list(dict.fromkeys(name for own in found.values() for name in own))
    return {"fingerprints": names, "tasks": [
        {"name": task, "title": titles.get(task, ""), "link": f"{task}/index.html",
         "averages": [own.get(name) for name in names]} for task, own in found.items()]}


def _results(reports: Path, titles: dict[str, str]) -> list[dict]:
    frame = results(reports, titles)
    return [_section(reports / "results", "What was run", RESULTS, frame, rounded(frame, 2))]


def _regimes(reports: Path) -> list[dict]:
    frame = regimes(reports)
    if frame.empty:
        return []
    return [_section(reports / "regime", "What the regime decides", REGIME, frame, regime_grid(frame))]


def _exchanges(reports: Path, benchmarks: dict[str, Benchmark], found: list[str]) -> list[dict]:
    """One for each group of tasks that differ in the source alone: the same images in the same hands."""
    groups = {}
    for task in found:
        if task in benchmarks and benchmarks[task].watermark is None:
            own = benchmarks[task]
            groups.setdefault((own.data, own.split, own.recipe), []).append(task)
    sections = []
    for tasks in (tasks for tasks in groups.values() if len(tasks) > 1):
        frame = exchange(reports, tasks, read("metrics", Statistics))
        place = reports / f"exchange_{tasks[0]}"
        figures.save(figures.draw_exchange(frame), place.with_suffix(".svg"))
        frame = threshold_beside(frame, {task: read_published(PUBLISHED, benchmarks[task].published) for task in tasks})
        sections.append(_section(place, f"Thresholds of {', '.join(tasks)}, exchanged", EXCHANGE, frame, rounded(frame))
                        | {"svg": place.with_suffix(".svg")})
    return sections


def _section(place: Path, heading: str, note: str, frame: pd.DataFrame, shown: pd.DataFrame) -> dict:
    """Write a table beside the page as .csv and, as people read it, as .md; and show it on the page."""
    write_csv(frame, place.with_suffix(".csv"))
    write_text(place.with_suffix(".md"), f"{note}\n\n{markdown(shown)}")
    return {"heading": heading, "note": note, "table": shown}
