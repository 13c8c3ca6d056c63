"""Errors that a user can act on: one line that says where, what was found, what was expected and what to type."""

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 60
"""Names that a message lists."""


class BadInput(Exception):
    """Something the user gave is wrong. The message is one line; the commands print it without a traceback."""


def one_line(text: str) -> str:
    """`text` with what is not printable escaped: a name that somebody made up may hold line breaks, or codes for terminals.

    >>> one_line("tiny\\n: no such file")
    'tiny\\\\n: no such file'
    """
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def unknown(what: str, found: str, known: Iterable[str]) -> str:
    """The message for a name that does not exist: the nearest known one, then all of them, or the first of very many.

    >>> unknown("attack", "pruen", ["prune", "distill"])
    "unknown attack 'pruen': did you mean 'prune'? known: distill, prune"
    """
    known = sorted(known)
    near = get_close_matches(found, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    more = f" and {len(known) - MOST:,} more" if len(known) > MOST else ""
    return f"unknown {what} {found!r}: {hint}known: {', '.join(known[:MOST]) or 'none'}{more}"
