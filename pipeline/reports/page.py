"""A report as one HTML page: it opens from the disk, offline, on a phone, in the dark, without a mouse, and printed."""

import json
import re
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markdown_it import MarkdownIt

from pipeline.core.files import write_text
from pipeline.reports.glossary import meaning
from pipeline.reports.section import Document, Section

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(["html"]), trim_blocks=True, lstrip_blocks=True
)
PROSE = MarkdownIt("commonmark", {"html": False}).enable("table")
SHARE = re.compile(r"[01](\.[0-9]+)?(?![0-9])")
FILTERED = 12
"""The fewest rows of a table that can be filtered."""


def write_page(path: Path, document: Document, figures: Path, data: Any = None) -> None:
    """Write a document. figures: the folder of its figures, which are put into the page. data: what an explored table chooses
    from."""
    page = TEMPLATES.get_template("page.html").render(
        document=document,
        sections=[_prepared(section, figures) for section in document.sections],
        data=json.dumps(data, separators=(",", ":")).replace("<", "\\u003c") if data else "",
    )
    write_text(path, page)


def _prepared(section: Section, figures: Path) -> dict[str, Any]:
    """What a template needs of a section: its table, figure and text as HTML. A coloured table needs no figure of the same."""
    picture = section.picture if section.picture and not section.coloured else None
    prose = PROSE.render(section.text).replace("<h1>", "<h3>").replace("</h1>", "</h3>")
    return {
        "anchor": section.anchor,
        "heading": section.heading,
        "note": section.note,
        "points": section.points,
        "folded": section.folded,
        "coloured": section.coloured,
        "explored": section.explored,
        "text": prose,
        "table": table(section),
        "names": _names(section),
        "about": picture.title if picture else "",
        "svg": _inline(figures / f"{picture.name}.svg") if picture else "",
        "filtered": section.table is not None and len(section.table) >= FILTERED,
    }


def table(section: Section) -> str:
    """The HTML table of a section, its names explained where somebody described them."""
    frame = section.table
    if frame is None or frame.empty:
        return ""
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in frame.columns)
    body = "".join(_row(section, list(frame.columns), list(row)) for row in frame.itertuples(index=False, name=None))
    kinds = " ".join(name for name in ("coloured", "explored") if getattr(section, name))
    kind = f' class="{kinds}"' if kinds else ""
    return (
        f"<table{kind}><caption>{escape(section.heading)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(section: Section, columns: list[str], cells: list[Any]) -> str:
    anchor = f' id="suspect-{escape(str(cells[columns.index(section.rows)]))}"' if section.rows else ""
    first, *others = cells
    told = f"<small>{escape(meaning(str(first)))}</small>" if section.coloured and meaning(str(first)) else ""
    rest = "".join(
        _cell(str(cell), section.coloured, section.links.get(name, "")) for name, cell in zip(columns[1:], others, strict=True)
    )
    return f'<tr{anchor}><th scope="row">{escape(str(first))}{told}</th>{rest}</tr>'


def _cell(text: str, coloured: bool, link: str) -> str:
    share = SHARE.match(text) if coloured else None
    if not share:
        return f"<td>{escape(text)}</td>"
    rest = text[share.end() :].strip()
    value = f'<a href="{escape(link)}">{share[0]}</a>' if link else share[0]
    small = f" <small>{escape(rest)}</small>" if rest else ""
    return f'<td style="--v:{float(share[0]):.2f}">{value}{small}</td>'


def _names(section: Section) -> list[tuple[str, str]]:
    """The columns of a coloured table that somebody described."""
    if section.table is None or not section.coloured:
        return []
    return [(str(name), meaning(str(name))) for name in section.table.columns if meaning(str(name))]


def _inline(file: Path) -> str:
    """A figure for a page, without what only a file of its own needs: a declaration, metadata, and layout between the tags."""
    text = file.read_text(encoding="utf-8")
    bare = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return re.sub(r">\s+<", "><", bare)
