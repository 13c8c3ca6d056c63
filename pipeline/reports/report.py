"""The whole report of a task: its tables, figures, page and metrics, from scores and records."""

import shutil
from pathlib import Path
from typing import Any

from pipeline.core.files import write_json, write_text
from pipeline.reports import figures, markdown, text
from pipeline.reports.frames import Frames, make_tables
from pipeline.reports.material import Material
from pipeline.reports.page import write_page
from pipeline.reports.sections import NOTES, document
from pipeline.reports.tables import AVERAGE, POOLED


def write_report(what: Material, out: Path) -> None:
    """Write tables/, figures/, notes.md (if there are any), metrics.json and index.html under `out`.

    What stood there of an earlier report is replaced.
    """
    frames = make_tables(what)
    _fresh(out / "tables")
    for name, frame in frames.items():
        text.write_csv(frame, out / "tables" / f"{name}.csv")
    made = document(what, frames)
    (out / "notes.md").unlink(missing_ok=True)
    if notes := next((section.text for section in made.sections if section.anchor == NOTES), ""):
        write_text(out / "notes.md", notes)
    _fresh(out / "figures")
    for section in made.sections:
        if section.picture:
            figures.save(section.picture, out / "figures" / f"{section.picture.name}.svg")
    write_text(out / "tables" / "report.md", markdown.write(made, "../"))
    write_json(out / "metrics.json", metrics(what, frames))
    write_page(out / "index.html", made, out / "figures")


def metrics(what: Material, frames: Frames) -> dict[str, Any]:
    """What `dvc metrics` shows and compares, of the chosen fingerprint: its average over attacks, and the attack that it finds
    worst. All else stands in tables."""
    chosen = frames["chosen"].set_index("attack")["auc"].dropna()
    single = chosen.drop([AVERAGE, POOLED], errors="ignore")
    found: dict[str, Any] = {"fingerprint": what.chosen.label}
    if AVERAGE in chosen:
        found["average_auc"] = text.to_digits(chosen[AVERAGE], 4)
    if len(single):
        found |= {"worst_auc": text.to_digits(single.min(), 4), "worst_attack": str(single.idxmin())}
    return found


def _fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
