"""reports/croissant.json: a data card of all that is published, in the Croissant format (mlcommons.org/croissant, 1.0).

It describes the leaderboard, the tables of the tasks, and every file of answers that is not empty, in the remote that travels
with the repository: `mlcroissant.Dataset("reports/croissant.json")` loads leaderboard and answers from a clone, without DVC.
Sums are those of the files that lie there.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.files import read_json
from pipeline.outputs.table import SCHEMA
from pipeline.publish.compare import LARGEST
from pipeline.publish.remote import fetch, object_file, published
from pipeline.publish.untrusted import read_plain
from pipeline.reports.leaderboard import COLUMNS

CARD = "croissant.json"
TEMPLATE = Path(__file__).with_name("card.json")
BOARD = "leaderboard.parquet"
PARQUET = "application/x-parquet"
ANSWERS = "outputs/"
KINDS = {"string": "sc:Text", "integer": "sc:Integer", "number": "sc:Float", "boolean": "sc:Boolean"}


def croissant(reports: Path) -> str:
    """The text of the card of the folder `reports` and of the runs that are published beside it.

    Raises BadInput if the leaderboard is missing, or an object of the remote is missing or damaged.
    """
    card = read_json(TEMPLATE)
    answers = list(_answers())
    board = {"sha256": hashlib.sha256(read_plain(reports / BOARD, LARGEST)).hexdigest()}
    files = [
        _file(BOARD, BOARD, "A row for each task, fingerprint and attack: AUC with its interval, p-value, F1.", board),
        _tables(),
        *(_file(name, f"../{object_file(md5).as_posix()}", about, {"md5": md5}) for name, md5, about in answers),
    ]
    records = [_records("leaderboard", BOARD, ((name, KINDS[kind], False) for name, kind in COLUMNS.items()))]
    records += [_records(name.removesuffix(".parquet"), name, _columns()) for name, _, _ in answers]
    parts = {**card, "distribution": _lines(files), "recordSet": _lines(records)}
    said = (f"{json.dumps(name)}: {part if name not in card else json.dumps(part)}" for name, part in parts.items())
    return "{\n" + ",\n".join(said) + "\n}\n"


def _answers() -> Iterator[tuple[str, str, str]]:
    """Name, MD5 sum and description of every published file of answers that has any."""
    for task in published():
        for name, data in fetch(task).items():
            if name.startswith(ANSWERS) and (rows := pq.read_metadata(io.BytesIO(data)).num_rows):
                about = f"What all suspects of {task} answered to the probes of {Path(name).stem}: {rows:,} answers."
                yield f"{task}/{name.removeprefix(ANSWERS)}", hashlib.md5(data).hexdigest(), about


def _file(name: str, where: str, about: str, total: dict[str, str]) -> dict[str, Any]:
    described = {"@type": "cr:FileObject", "@id": name, "name": name, "description": about}
    return described | {"contentUrl": where, "encodingFormat": PARQUET} | total


def _tables() -> dict[str, Any]:
    about = "Every table of every task; `sac results` lists them, and in Python pipeline.reports.library.load() reads them."
    named = {"@type": "cr:FileSet", "@id": "tables", "name": "tables", "description": about}
    return named | {"encodingFormat": "text/csv", "includes": "*/tables/*.csv"}


def _records(name: str, file: str, columns: Iterable[tuple[str, str, bool]]) -> dict[str, Any]:
    """A table of one file. columns: name, type, and whether a cell holds a list of it."""
    fields = []
    for column, kind, repeated in columns:
        own: dict[str, Any] = {"@type": "cr:Field", "@id": f"{name}/{column}", "name": column, "dataType": kind}
        own |= {"repeated": True} if repeated else {}
        fields.append(own | {"source": {"fileObject": {"@id": file}, "extract": {"column": column}}})
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields}


def _columns() -> Iterator[tuple[str, str, bool]]:
    """The columns of a table of answers."""
    for column in SCHEMA:
        repeated = pa.types.is_list(column.type)
        inner = column.type.value_type if repeated else column.type
        kind = "integer" if pa.types.is_integer(inner) else "number" if pa.types.is_floating(inner) else "string"
        yield column.name, KINDS[kind], repeated


def _lines(entries: list[dict[str, Any]]) -> str:
    """A JSON array, an entry a line."""
    return "[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]"
