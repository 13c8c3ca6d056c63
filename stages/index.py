"""The page and the tables over all reports, made outside the DAG: they show whatever tasks have been run."""

from pathlib import Path

import click

from pipeline.files import read_json, write_text
from pipeline.params import read
from pipeline.reports.overview import regime_grid, regimes, results, watermarked
from pipeline.reports.page import write_index
from pipeline.reports.text import markdown, rounded, write_csv
from stages.paths import OUTPUT

RESULTS = ("Core-hours: the seconds of all training runs, on one core each. inside: how many of the published AUCs lie in the "
           "95 % interval of the measured one.")
REGIME = ("AUC with an under-trained zoo → with a converged one, on the same images: whether models fit their training set "
          "decides whether the correlation of raw answers works.")


@click.command()
@click.option("--reports", type=OUTPUT, default=Path("reports"), show_default=True, help="The folder of all reports.")
def index(reports: Path) -> None:
    """Write the page over the reports of all tasks, their results side by side, and EWE's rows for the tasks they belong to."""
    titles = {name: benchmark["title"] for name, benchmark in read("benchmarks").items()}
    found = {file.parent.name: read_json(file) for file in sorted(reports.glob("*/metrics.json"))}
    names = list(dict.fromkeys(name for metrics in found.values() for name in metrics["average_auc"]))
    tasks = [{"name": task, "title": titles.get(task, ""), "link": f"{task}/index.html",
              "averages": [metrics["average_auc"].get(name) for name in names]} for task, metrics in found.items()]
    write_index(reports / "index.html", names, tasks, _sections(reports, titles))
    if len(rows := watermarked(reports)):
        write_text(reports / "watermarked.csv", rows.to_csv(index=False))
    click.echo(f"{reports / 'index.html'}: {len(tasks)} tasks")


def _sections(reports: Path, titles: dict[str, str]) -> list[dict]:
    frame, regime = results(reports, titles), regimes(reports)
    text = rounded(frame, 2)
    write_csv(frame, reports / "results.csv")
    write_text(reports / "results.md", f"{RESULTS}\n\n{markdown(text)}")
    sections = [{"heading": "What was run", "note": RESULTS, "table": text}]
    if len(regime):
        grid = regime_grid(regime)
        write_csv(regime, reports / "regime.csv")
        write_text(reports / "regime.md", f"{REGIME}\n\n{markdown(grid)}")
        sections.append({"heading": "What the regime decides", "note": REGIME, "table": grid})
    return sections
