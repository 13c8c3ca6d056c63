"""Whole numbers that others write: in the environment, in tables, in what servers answer."""

MOST_DIGITS = 9


def whole(text: str) -> int | None:
    """The number that `text` writes with one to nine of the digits 0 to 9; None for any other text.

    >>> whole("007"), whole("²"), whole("-1"), whole("1" * 5000)
    (7, None, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
