"""The page, the leaderboard and the tables over all reports, made outside the DAG: they show whatever tasks have been run."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path

import click
import pandas as pd

from pipeline.core.files import write_json, write_text
from pipeline.core.params import read
from pipeline.fingerprints.redraws import Redraws
from pipeline.publish.croissant import CARD, croissant
from pipeline.reports import figures, markdown, overview_sections
from pipeline.reports.confirmed import claim, confirmed
from pipeline.reports.exchange import exchange
from pipeline.reports.leaderboard import as_frame, as_json, leaderboard, schema
from pipeline.reports.overview import accuracy_tables, main_tables, results, watermarked
from pipeline.reports.page import write_page
from pipeline.reports.published import beside, read_published, threshold_beside
from pipeline.reports.regimes import accuracies, is_regime, regimes
from pipeline.reports.section import Section
from pipeline.reports.sources import irrelevant_models, over_sources
from pipeline.reports.submitted import read_submitted
from pipeline.reports.text import write_csv
from pipeline.tasks.task import Task
from pipeline.wiring.sizes import image_set
from stages.paths import OUTPUT

PUBLISHED = Path("reports/published.csv")


@click.command()
@click.option("--reports", type=OUTPUT, default=Path("reports"), show_default=True, help="The folder of all reports.")
def index(reports: Path) -> None:
    """Write the page, the leaderboard and the data card over the reports of all tasks, their results side by side, and EWE's
    rows for the tasks they belong to."""
    tasks = {name: read(f"task.{name}", Task) for name in read("task")}
    together = list(_together(reports, tasks))
    images = {name: image_set(own.data) for name, own in tasks.items()}
    board = leaderboard(reports, read_submitted(reports), together, images)
    write_text(reports / "leaderboard.json", as_json(board))
    write_json(reports / "leaderboard.schema.json", schema())
    as_frame(board).to_parquet(reports / "leaderboard.parquet", index=False)
    write_text(reports / CARD, croissant(reports))
    document = overview_sections.overview(board, list(_sections(reports, tasks, together)))
    for section in document.sections:
        if section.picture:
            figures.save(section.picture, reports / f"{section.picture.name}.svg")
    _remove_left(reports, [section.anchor for section in document.sections])
    write_page(reports / "index.html", document, reports, overview_sections.explored(board))
    if len(rows := watermarked(reports)):
        write_text(reports / "watermarked.csv", rows.to_csv(index=False))
    click.echo(f"{reports / 'index.html'}: {len(set(board['task']))} tasks")


Together = list[tuple[list[str], pd.DataFrame]]
"""Tasks that differ in the source's seed alone, with their table over all sources."""


def _together(reports: Path, tasks: dict[str, Task]) -> Iterator[tuple[list[str], pd.DataFrame]]:
    redraws = read("redraws", Redraws)
    for alike in _groups(reports, tasks, lambda own: own.model_dump_json(exclude={"title", "source_seed"})):
        judged: dict[str, list[str]] = defaultdict(list)
        for task in alike:
            judged[irrelevant_models(reports, task)].append(task)
        if len(judged) > 1:
            apart = "; ".join(", ".join(group) for group in judged.values())
            click.echo(f"not judged together, since their irrelevant models are not the same: {apart}", err=True)
        for group in judged.values():
            if len(group) > 1:
                frame = over_sources(reports, group, redraws)
                yield group, beside(frame, read_published(PUBLISHED, tasks[group[0]].published))


def _sections(reports: Path, tasks: dict[str, Task], together: Together) -> Iterator[Section]:
    frame, mains = results(reports, {name: own.title for name, own in tasks.items()}), main_tables(reports)
    yield _written(reports / "results", frame, overview_sections.results(frame))
    for group, frame in together:
        yield _written(reports / f"sources_{group[0]}", frame, overview_sections.over_sources(frame, group))
    if len(found := claim(reports)):
        write_csv(found, reports / "confirmed_claim.csv")
        frame = confirmed(mains)
        yield _written(reports / "confirmed", frame, overview_sections.confirmed(frame, found, mains))
    if len(frame := regimes(mains)):
        yield _written(reports / "regime", frame, overview_sections.regime(frame, accuracies(accuracy_tables(reports))))
    for group in _groups(reports, tasks, lambda own: (own.data, own.split, own.recipe)):
        frame = exchange(reports, group)
        frame = threshold_beside(frame, {task: read_published(PUBLISHED, tasks[task].published) for task in group})
        yield _written(reports / f"exchange_{group[0]}", frame, overview_sections.exchanged(frame, group))


def _remove_left(reports: Path, written: list[str]) -> None:
    """Remove tables over tasks that are no group any more. written: the names of what there is."""
    for file in [*reports.glob("sources_*"), *reports.glob("exchange_*")]:
        if file.suffix in (".csv", ".md", ".svg") and file.stem not in written:
            file.unlink()


def _groups(reports: Path, tasks: dict[str, Task], same: Callable[[Task], Hashable]) -> list[list[str]]:
    """The tasks with a report, of which `same` says the same: the same images in the same hands. Without those that are
    watermarked or serve to tell regimes apart."""
    alike: dict[Hashable, list[str]] = {}
    for task in main_tables(reports):
        if task in tasks and tasks[task].watermark is None and not is_regime(task):
            alike.setdefault(same(tasks[task]), []).append(task)
    return [group for group in alike.values() if len(group) > 1]


def _written(place: Path, frame: pd.DataFrame, section: Section) -> Section:
    """Write a table beside the page as .csv and, as people read it, as .md."""
    write_csv(frame, place.with_suffix(".csv"))
    if section.table is not None:
        points = "\n".join(f"- {markdown.escape(point)}" for point in section.points)
        parts = markdown.escape(section.note), points, markdown.table(section.table)
        write_text(place.with_suffix(".md"), "\n\n".join(filter(None, parts)))
    return section
