"""Evidence that cannot be bent: SHA-256 of every file in one list, which `sha256sum -c` checks, and SHA-256 of the list.

The list is a Merkle tree of two levels: who knows the hash of the list knows every file. An RFC 3161 authority can stamp
the list; `openssl ts -verify -data commitment.sha256 -in commitment.tsr` checks that without this tool.
"""

import hashlib
import os
import stat
from pathlib import Path

from pipeline.cases.saying import brief
from pipeline.core.errors import BadInput
from pipeline.core.files import write_bytes, write_text
from pipeline.core.seal import file_digest

LIST, ROOT, STAMP = "commitment.sha256", "commitment.txt", "commitment.tsr"


class Tampered(Exception):
    """A case whose files do not hold together. The message is one line that names the file."""


def write_list(case: Path, name: str, files: list[Path]) -> str:
    """Write the list `name` of `files` (inside `case`), as sha256sum does, sorted; return its own SHA-256."""
    lines = sorted((str(file.relative_to(case)), file_digest(file)) for file in files)
    write_text(case / name, "".join(f"{digest}  {path}\n" for path, digest in lines))
    return file_digest(case / name)


def read_list(case: Path, name: str) -> dict[str, str]:
    """SHA-256 by file of such a list. Raises Tampered if it is none or names a place outside of the case."""
    try:
        lines = (case / name).read_text().splitlines()
        found = {path: digest for digest, path in (line.split("  ", 1) for line in lines)}
        outside = [path for path in found if not (case / path).resolve().is_relative_to(case.resolve())]
    except FileNotFoundError:
        raise Tampered(f"{name}: missing") from None
    except (OSError, ValueError, RuntimeError):  # what resolve() raises of a NUL and of links in a ring
        raise Tampered(f"{name}: not a list as sha256sum writes it") from None
    if outside:
        raise Tampered(f"{name}: names a file outside of the case: {outside[0]}")
    return found


def files_in(case: Path, *folders: str) -> list[Path]:
    """All files below these folders of a case, those that are there, sorted. Raises Tampered for anything but files and
    folders: what a link leads to, or a pipe yields, is in no list.
    """
    found = [path for folder in folders for path in (case / folder, *(case / folder).rglob("*"))]
    for path in found:
        if not _plain(path):
            raise Tampered(f"{path.relative_to(case)}: a link or the like, expected files and folders alone")
    return sorted(path for path in found if path.is_file())


def _plain(path: Path) -> bool:
    """Whether it is a file or a folder, or is gone: what another run had only just begun to write."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return True
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def check_list(case: Path, name: str, folders: tuple[str, ...]) -> None:
    """Raise Tampered, naming the first file, if a listed file is missing or changed, or `folders` hold one that is not
    listed.
    """
    files, listed = files_in(case, *folders), read_list(case, name)
    for path, digest in listed.items():
        if not os.path.isfile(case / path):
            raise Tampered(f"{path}: missing, {name} lists it")
        if file_digest(case / path) != digest:
            raise Tampered(f"{path}: changed since {name} was written")
    for file in files:
        if str(file.relative_to(case)) not in listed:
            raise Tampered(f"{file.relative_to(case)}: not listed in {name}, added later")


def commit(case: Path) -> str:
    """Commit to all that was enrolled; returns the hash that stands for it."""
    root = write_list(case, LIST, files_in(case, "enrolled"))
    write_text(case / ROOT, f"{root}  {LIST}\n")
    return root


def committed(case: Path) -> str:
    """The hash that a case is committed to. Raises Tampered if it is not that of the list."""
    try:
        root = (case / ROOT).read_text().split()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        raise Tampered(f"{ROOT}: missing, or holds no SHA-256") from None
    if not (case / LIST).is_file() or file_digest(case / LIST) != root:
        raise Tampered(f"{LIST}: its SHA-256 is not the one in {ROOT}")
    return root


def stamp(case: Path, authority: str, timeout: float = 30) -> None:
    """Have the list stamped by the RFC 3161 authority at the address `authority`; the stamp lies beside it.

    Raises BadInput if there is no authority, or what it answers is no stamp of this list.
    """
    import httpx
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

    data = (case / LIST).read_bytes()
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    try:
        reply = httpx.post(
            authority, content=request.as_bytes(), timeout=timeout, headers={"Content-Type": "application/timestamp-query"}
        )
        reply.raise_for_status()
        answer = decode_timestamp_response(reply.content)
        imprint = answer.tst_info.message_imprint.message
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise BadInput(f"{authority}: no time stamp ({brief(error)})") from None
    if imprint != hashlib.sha256(data).digest() or answer.tst_info.nonce != request.nonce:
        raise BadInput(f"{authority}: stamped something else than {LIST}")
    write_bytes(case / STAMP, reply.content)


def stamped(case: Path) -> str | None:
    """The time in the stamp of the list, or None without one. Raises Tampered if it stamps something else.

    Who signed it is for `openssl ts -verify` with the certificate of an authority that the reader trusts.
    """
    from rfc3161_client import decode_timestamp_response

    if not (case / STAMP).exists():
        return None
    try:
        about = decode_timestamp_response((case / STAMP).read_bytes()).tst_info
    except ValueError:
        raise Tampered(f"{STAMP}: not a time stamp") from None
    if about.message_imprint.message != hashlib.sha256((case / LIST).read_bytes()).digest():
        raise Tampered(f"{STAMP}: stamps another list than {LIST}")
    return str(about.gen_time.isoformat())
