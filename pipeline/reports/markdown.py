"""A report as Markdown. Whatever stands in a title or a name is shown as it is written, and never read as markup."""

import re
from collections.abc import Iterable

import pandas as pd

from pipeline.reports.section import Document, Section

SPECIAL = re.compile(r"([\\`*\[\]|~$])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "://": "&#58;//", "www.": "www&#46;"}


def escape(text: object) -> str:
    """Text that Markdown shows as it is, in one line. An underscore within a word is none of its signs."""
    plain = " ".join(str(text).split())
    for sign, entity in ENTITIES.items():
        plain = plain.replace(sign, entity)
    return SPECIAL.sub(lambda found: f"\\{found[0]}", plain)


def table(frame: pd.DataFrame) -> str:
    """A Markdown table of a frame of text."""
    lines: Iterable[Iterable[object]] = [
        [escape(name) for name in frame.columns],
        ["---"] * len(frame.columns),
        *([escape(cell) for cell in row] for row in frame.itertuples(index=False)),
    ]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def write(document: Document, up: str) -> str:
    """The text of a document. up: the way from the Markdown's folder to the document's, as `../`, where figures/ lies and from
    where the links of texts lead."""
    parts = [f"# {escape(document.title)}", escape(document.about), f"**{escape(document.verdict)}**"]
    for section in document.sections:
        parts += _written(section, up)
    return "\n\n".join(filter(None, (part.strip("\n") for part in parts))) + "\n"


def _written(section: Section, up: str) -> list[str]:
    picture = section.picture
    return [
        f"## {escape(section.heading)}",
        escape(section.note),
        f"![{escape(picture.title)}]({up}figures/{picture.name}.svg)" if picture else "",
        "\n".join(f"- {escape(point)}" for point in section.points),
        table(section.table) if section.table is not None and len(section.table) else "",
        section.text.replace("](../", f"]({up}../"),
    ]
