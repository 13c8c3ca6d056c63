"""MXNet's RecordIO, as InsightFace packs faces: train.rec holds the records, train.idx their numbers and first bytes.

A record is one part or several. A part is the magic number, a word (its length in the lower 29 bits; above them 0 for a
whole record, or 1, 2, 3 for its first, a middle, its last part), the bytes, and padding to a multiple of four. A writer cuts
where the bytes themselves hold the magic number, and leaves it out. A record begins with flag, label, id and id2;
`flag` labels follow if it is not 0; the rest is a picture. (dmlc-core's recordio.h, MXNet's recordio.py.)

Record 0 without picture has labels [first, last): those records are people, each with labels [start, end): the records that
are its pictures. Where record 0 has no such labels, each record is a picture whose label is its person. (InsightFace's
image_iter.py; its third file, `property`, is not needed.)
"""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np
import pandas as pd

from pipeline.core.errors import BadInput
from pipeline.core.files import regular
from pipeline.data.images import Images
from pipeline.people.reading import gather

MAGIC = struct.pack("<I", 0xCED7230A)
HEAD = struct.Struct("<IfQQ")
WHOLE, FIRST, MIDDLE, LAST = range(4)


def read_pack(home: Path, size: int, channels: int, most: int | None) -> Images:
    """Everybody in home/train.rec; people are named by their number.

    Raises BadInput, naming file and record, for a broken pack. Only the chosen people's pictures are decoded.
    """
    path = home / "train.rec"
    if not (path.is_file() and path.with_suffix(".idx").is_file()):
        raise BadInput(
            f"no faces: looked for {path} and train.idx. Set SAC_DATA to a folder that holds {home.name} as "
            "InsightFace packs it."
        )
    with regular(path).open("rb") as file:
        pack = Pack(path, file, read_starts(path.with_suffix(".idx")))
        return gather(home, pack.people(), pack.picture, size, channels, most)


@dataclass(frozen=True)
class Pack:
    """An open train.rec; starts: the first byte of each record, by the record's number."""

    path: Path
    file: BinaryIO
    starts: pd.Series

    def people(self) -> dict[str, range] | dict[str, list[int]]:
        """The numbers of each person's pictures."""
        labels, picture = self.record(0) if 0 in self.starts.index else ((), b"")
        if len(labels) > 1 and not picture:
            return self._listed(self._range(0, labels, self.starts.index.max() + 1))
        return self._found()

    def picture(self, number: int) -> tuple[str, BinaryIO]:
        """Where record `number` is, in words, and the picture in it."""
        return self._place(number), io.BytesIO(self.record(number)[1])

    def record(self, number: int) -> tuple[tuple[float, ...], bytes]:
        """The labels of record `number` and what follows them: a picture, or nothing."""
        data = self._bytes(number)
        try:
            flag, label, _, _ = HEAD.unpack_from(data)
            labels = struct.unpack_from(f"<{flag}f", data, HEAD.size) if flag else (label,)
        except struct.error:
            self._broken(number, f"{len(data)} bytes are too few for its labels")
        return labels, data[HEAD.size + 4 * flag :]

    def _listed(self, numbers: range) -> dict[str, range]:
        """People by the records that list their pictures, which lie before those records."""
        return {str(number - numbers.start): self._range(number, self.record(number)[0], numbers.start) for number in numbers}

    def _found(self) -> dict[str, list[int]]:
        """People by the labels of all pictures."""
        people: dict[int, list[int]] = {}
        for number in self.starts.index:
            label = self.record(number)[0][0]
            if not label.is_integer():
                self._broken(number, f"its label is {label}, expected a person's number")
            people.setdefault(int(label), []).append(number)
        return {str(person): people[person] for person in sorted(people)}

    def _range(self, number: int, labels: tuple[float, ...], end: int) -> range:
        """The records from the first label up to the second, all of them before `end`."""
        if len(labels) < 2 or not 1 <= labels[0] <= labels[1] <= end:
            self._broken(
                number,
                f"expected the first and the last record of a range up to {end}, found labels {' '.join(map(str, labels[:2]))}",
            )
        return range(int(labels[0]), int(labels[1]))

    def _bytes(self, number: int) -> bytes:
        """A record's bytes, its parts put together."""
        if number not in self.starts.index:
            self._broken(number, "train.idx does not list it")
        self.file.seek(self.starts.at[number])
        parts: list[bytes] = []
        kind = MIDDLE
        while kind in (FIRST, MIDDLE):
            magic, word = self._exactly(number, 4), int.from_bytes(self._exactly(number, 4), "little")
            length, kind = word & (1 << 29) - 1, word >> 29
            if magic != MAGIC or kind not in ((MIDDLE, LAST) if parts else (WHOLE, FIRST)):
                self._broken(number, f"starts with {magic.hex()} and kind {kind}, expected {MAGIC.hex()} and a part's kind")
            parts.append(self._exactly(number, length))
            self.file.seek(-length % 4, 1)
        return MAGIC.join(parts)

    def _exactly(self, number: int, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) < count:
            end = self.file.seek(0, io.SEEK_END)
            self._broken(number, f"starts at byte {self.starts.at[number]}, but the file ends after {end}")
        return data

    def _place(self, number: int) -> str:
        return f"{self.path}: record {number}"

    def _broken(self, number: int, found: str) -> NoReturn:
        raise BadInput(f"{self._place(number)}: {found}: the pack is broken; copy train.rec and train.idx anew")


def read_starts(path: Path) -> pd.Series:
    """What train.idx lists: a record's number and its first byte on each line."""
    try:
        numbers, starts = (column for _, column in pd.read_csv(path, sep="\t", header=None, dtype=np.int64).items())
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"{path}: expected lines of two numbers, a record's and its first byte's "
            f"({' '.join(str(error).split())[:120]}): copy it anew"
        ) from None
    if not numbers.is_unique or (starts < 0).any():
        raise BadInput(f"{path}: expected each record once and bytes of 0 or more: copy it anew")
    return pd.Series(starts.to_numpy(), index=numbers.to_numpy())
