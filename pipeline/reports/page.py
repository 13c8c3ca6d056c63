"""One HTML page a task, and one over all tasks: they open from the disk, offline."""

import html
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, select_autoescape

from pipeline.files import write_text

TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(["html"]),
                        trim_blocks=True, lstrip_blocks=True)


def write_page(path: Path, title: str, facts: list[str], said: list[str], sections: list[dict]) -> None:
    """The page of a task. A section: heading, note, and either `svg` (a figure's file) or `table` (a frame of
    text)."""
    write_text(path, TEMPLATES.get_template("task.html").render(title=title, facts=facts, said=said,
                                                                sections=_prepared(sections)))


def write_index(path: Path, tables: list[dict], sections: list[dict]) -> None:
    """The page over all tasks. A table: `fingerprints`, and `tasks` of name, title, link, averages (an AUC or None for each
    fingerprint). A section: heading, note, `table`, and `svg` where there is a figure."""
    write_text(path, TEMPLATES.get_template("overview.html").render(tables=tables, sections=_prepared(sections)))


def _prepared(sections: list[dict]) -> list[dict]:
    return [{**section, "table": _table(section.get("table")), "svg": _inline(section.get("svg"))} for section in sections]


def _table(frame: pd.DataFrame | None) -> str:
    if frame is None:
        return ""
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in frame.columns)
    rows = ("".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in frame.itertuples(index=False))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table>"


def _inline(file: Path | None) -> str:
    if file is None:
        return ""
    text = file.read_text(encoding="utf-8")
    return text[text.index("<svg"):]
