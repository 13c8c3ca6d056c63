"""The pages of the repository and the code in them."""

import re
import shlex
from pathlib import Path

from tests.imports import ROOT

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of every fenced block of a page. Blocks of commands have no language."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def prose(page: Path) -> str:
    """A page without its blocks."""
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


def commands(page: Path) -> list[tuple[str, list[str]]]:
    """(line, words) of every command in the blocks of a page, without comments and settings of variables before it."""
    found = []
    for line in "\n".join(text for language, text in blocks(page) if not language).splitlines():
        words = shlex.split(line, comments=True)
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            command, words = words[:end], words[end + 1 :]
            while command and re.fullmatch(r"[A-Z_]+=.*", command[0]):
                command = command[1:]
            found += [(line, command)] if command else []
    return found
