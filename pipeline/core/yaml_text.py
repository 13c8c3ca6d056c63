"""YAML that says what it means: text keys, each once, no anchors, no tags; whatever else a file holds ends in one line.

Anchors and merge keys are refused because `dvc exp run -S` loses changes in them without a word, and because a short file with
them can expand beyond any memory. Long values are, because a number with colons (1:30 is 90 to YAML) takes time with the square
of its length.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pipeline.core.errors import BadInput

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 20
LARGEST = 1_000_000
LONGEST = 10_000
UNREADABLE = (yaml.YAMLError, RecursionError, ValueError, LookupError, AttributeError)
"""What PyYAML may raise for text that is no YAML, or has a tag that its value does not fit."""
TEXT = "tag:yaml.org,2002:str"


def load_yaml(file: Path) -> Any:
    """What the YAML file `file` holds; BadInput, naming the line, for text that is not plain YAML in UTF-8."""
    return parse_yaml(_text(file), file.name)


def parse_yaml(text: str, name: str) -> Any:
    """What `text` holds; `name` stands at the head of every complaint."""
    if len(text) > LARGEST:
        raise BadInput(f"{name}: {len(text):,} characters, expected at most {LARGEST:,}")
    try:
        _check_events(text, name)
        node = yaml.compose(text, Loader=LOADER)
        for place in _repeated(node, ""):
            raise BadInput(f"{name}: {place}")
        return yaml.load(text, Loader=LOADER)
    except UNREADABLE as error:
        raise BadInput(f"{name}: not YAML: {' '.join(str(error).split())[:300]}") from None


def _text(file: Path) -> str:
    if not file.is_file():
        raise BadInput(f"{file}: not a file")
    data = file.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file.name}: not UTF-8 (byte {error.start} is {data[error.start]:#04x}): save it as UTF-8") from None


def _check_events(text: str, name: str) -> None:
    """Refuse anchors, tags, long values and deep nesting before anything is built."""
    depth = 0
    event: Any  # of many classes, some of which have an anchor, a tag, a value
    for event in yaml.parse(text, Loader=LOADER):
        line = event.start_mark.line + 1
        if anchor := getattr(event, "anchor", None):
            raise BadInput(
                f"{name}: line {line}: an anchor or alias ({anchor}), which `dvc exp run -S` would change "
                "unseen: write the values, or `like: NAME` in a task"
            )
        if tag := getattr(event, "tag", None):
            raise BadInput(f"{name}: line {line}: a tag ({tag[:60]!r}): write the value alone, as text in quotes")
        if len(getattr(event, "value", "")) > LONGEST:
            raise BadInput(f"{name}: line {line}: a value of {len(event.value):,} characters, expected at most {LONGEST:,}")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise BadInput(f"{name}: line {line}: nested more than {DEEPEST} deep")


def _repeated(node: yaml.Node | None, place: str) -> Iterator[str]:
    """What is wrong with the keys under `node`."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item, place)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        line, where = key.start_mark.line + 1, place or "the file"
        if not isinstance(key, yaml.ScalarNode) or key.tag != TEXT:
            found = key.value if isinstance(key, yaml.ScalarNode) else "a list or a section"
            yield f"line {line}: {where}: expected names as keys, found {found or 'nothing'} ({key.tag.split(':')[-1]})"
            continue
        if key.value in seen:
            yield f"line {line}: {where} has {key.value!r} twice, first in line {seen[key.value]}"
        seen[key.value] = line
        yield from _repeated(value, f"{place}.{key.value}".lstrip("."))
