"""What others say, in one short line."""


def brief(said: object, most: int = 120) -> str:
    """The text of an error or a reply in one line of at most `most` characters."""
    return " ".join(str(said).split())[:most]
