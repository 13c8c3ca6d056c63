"""The form in which DVC writes params.yaml: a file that is in it changes by one value when `dvc exp run -S` changes one value.

DVC reads and writes the file by ruamel, replaces every list, and loses the comment behind a list.
"""

from io import StringIO
from pathlib import Path

from pipeline.core.errors import BadInput
from pipeline.core.files import write_text
from pipeline.core.params import FILE


def formed(text: str) -> str:
    """`text`, of a params.yaml, as DVC writes it back when it changes nothing; the same again is the same."""
    from dvc.utils.collections import merge_dicts, to_omegaconf
    from dvc.utils.serialize import dumps_yaml, loads_yaml

    for _ in range(5):
        tree = loads_yaml(text, typ="rt")
        stream = StringIO(dumps_yaml(merge_dicts(tree, to_omegaconf(tree))))
        if (new := stream.getvalue()) == text:
            break
        text = new
    return text


def form(file: Path = Path(FILE)) -> bool:
    """Bring params.yaml into that form; whether anything had to change. BadInput if a comment would be lost."""
    text = file.read_text(encoding="utf-8")
    new = formed(text)
    for number, line in enumerate(text.split("\n"), 1):
        _, mark, comment = line.partition("#")
        if mark and comment.strip() not in new:
            raise BadInput(
                f"{FILE}: line {number}: DVC would lose this comment, which stands behind a list: put it below a key"
            )
    if new != text:
        write_text(file, new)
    return new != text


def check_form(file: Path = Path(FILE)) -> None:
    """Raise BadInput, naming the first line, if DVC would write the file otherwise."""
    text = file.read_text(encoding="utf-8")
    lines = text.split("\n")
    for number, (old, new) in enumerate(zip(lines, formed(text).split("\n"), strict=False), 1):
        if old != new:
            raise BadInput(f"{FILE}: line {number}: {old.strip()!r} is {new.strip()!r} after `dvc exp run -S`: type `sac wire`")
