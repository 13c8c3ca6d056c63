"""What the site of mkdocs.yml consists of: its pages lie there as in the repository, with all files that they link to."""

import re
from pathlib import Path
from urllib.parse import unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

LINK = re.compile(r"\]\(([^)\s#]+)")
CODE = re.compile(r"```.*?```", re.DOTALL)
FIRST = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The files of the site, each with the path that it has in the repository: links need no change."""
    root = Path(config.config_file_path).parent
    pages = [f"docs/{file.src_uri}" for file in files.documentation_pages()]
    made = [
        File(name, str(root), config.site_dir, config.use_directory_urls) for name in sorted(linked(root, [*FIRST, *pages]))
    ]
    return Files([*(file for file in files if file.src_dir != config.docs_dir), *made])


def linked(root: Path, names: list[str]) -> set[str]:
    """The files of these names, and what they link to in the folder `root`, however far."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found or not (root / name).is_file():
            continue
        found.add(name)
        if name.endswith(".md"):
            text = CODE.sub("", (root / name).read_text(encoding="utf-8"))
            targets = [(root / name).parent / unquote(link) for link in LINK.findall(text) if "://" not in link]
            waiting += [str(path.resolve().relative_to(root)) for path in targets if path.resolve().is_relative_to(root)]
    return found
