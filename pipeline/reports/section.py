"""A section of a report: what the page and the Markdown are both written from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Picture:
    """A figure, drawn when it is written. `name`: of its file; title and description: for those who cannot see it.

    labels: what a link of the figure says, by its target.
    """

    name: str
    title: str
    description: str
    draw: Callable[[], Any]
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """One section. A writer shows what there is of it, in this order: note, figure, points, table, text.

    anchor: the end of a link to it. table: a frame of text. points: sentences of a list. text: Markdown that people wrote.
    folded: the page shows the table, points and text when it is asked to. coloured: cells that begin with a number from 0 to 1
    are coloured by it. rows: the column whose values links may lead to, as `#VALUE`. links: where the numbers of a column
    lead. explored: the page lets one choose what the table shows.
    """

    anchor: str
    heading: str
    note: str = ""
    table: pd.DataFrame | None = None
    picture: Picture | None = None
    points: Sequence[str] = ()
    text: str = ""
    folded: bool = False
    coloured: bool = False
    rows: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    explored: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show but a heading: the frame of its table is absent."""
        return not (self.picture or self.points or self.text) and (self.table is None or self.table.empty)


@dataclass(frozen=True)
class Document:
    """A report: its title, what it is about, what came out in one sentence, and its sections."""

    title: str
    about: str
    verdict: str
    sections: Sequence[Section]
    home: str = ""
    """Where the link to all tasks leads; none on that page itself."""
