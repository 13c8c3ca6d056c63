"""NOTICE: every package that requirements.lock names, with its version and licence as the package itself states them.

    python -m benchmarks.notice            writes NOTICE from what is installed here
    python -m benchmarks.notice --check    fails if NOTICE is not what would be written

Packages for other platforms or optional devices that are not installed here are listed without a licence.
"""

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import click

LOCK, NOTICE = Path("requirements.lock"), Path("NOTICE")
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
COPYLEFT = re.compile(r"\bGPL|GNU General Public", re.IGNORECASE)
LESSER = re.compile(r"LGPL|Lesser General", re.IGNORECASE)
LONGEST = 80
HEAD = """sac-bench is under the MIT licence (LICENSE). It contains no code of the packages below: an installation fetches them,
and each stands under its own licence, given here as the package itself states it.
"""


def licence(package: Distribution) -> str:
    """What a package says of its licence: the SPDX expression, else the classifiers, else the first line of the field."""
    about = package.metadata
    if expression := about.get("License-Expression"):
        return str(expression)
    classifiers = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if line.startswith("License ::")]
    if named := [line for line in classifiers if line != "OSI Approved"]:
        return ", ".join(named)
    lines = (about.get("License") or "").strip().splitlines()
    return lines[0][:LONGEST] if lines else "not stated in the package's metadata"


def notice(lock: str) -> str:
    """The text of NOTICE for the packages that a lock pins."""
    rows, copyleft = [], []
    for name, version in sorted(set(PIN.findall(lock)), key=lambda pin: (pin[0].lower(), pin[1])):
        try:
            found = licence(distribution(name))
        except PackageNotFoundError:
            found = "not installed here (another platform or device)"
        rows.append(f"{name} {version}: {found}")
        if all(COPYLEFT.search(choice) and not LESSER.search(choice) for choice in found.split(" OR ")):
            copyleft.append(name)
    return "\n".join([HEAD, *_said(copyleft), *rows]) + "\n"


def _said(copyleft: list[str]) -> list[str]:
    if not copyleft:
        return []
    return [f"Under the GPL: {', '.join(dict.fromkeys(copyleft))}. DVC brings them; no module of this project imports them.\n"]


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if NOTICE is not what would be written.")
def main(check: bool) -> None:
    """Write NOTICE from requirements.lock and the packages that are installed."""
    text = notice(LOCK.read_text(encoding="utf-8"))
    if check:
        sys.exit(0 if NOTICE.is_file() and NOTICE.read_text(encoding="utf-8") == text else f"{NOTICE}: older than {LOCK}")
    NOTICE.write_text(text, encoding="utf-8")
    click.echo(f"{NOTICE}: {len(text.splitlines())} lines")


if __name__ == "__main__":
    main()
