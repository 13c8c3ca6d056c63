"""How two pages look at three widths, light and dark: what tests compare the pages with.

python -m benchmarks.screenshots        writes tests/screenshots/ anew, after reports were made again

PAGE-WIDTH-SCHEME.png    the first screen, a quarter as large, compared in coarse cells: other numbers, another browser or
                         other fonts change little; colours of the wrong scheme or a lost figure change much
layout.json              where the blocks of each kind begin and how wide they are, which fonts do not change
"""

import json
import subprocess
import tempfile
from html import escape
from pathlib import Path

import click
import numpy as np
from PIL import Image

from tests.browser import BROWSER, QUIET, asked
from tests.imports import ROOT

FOLDER = ROOT / "tests/screenshots"
LAYOUT = FOLDER / "layout.json"
PAGES = {"over": ROOT / "reports/index.html", "task": ROOT / "reports/fashion_mini/index.html"}
WIDTHS = (390, 768, 1280)
HEIGHT = 900
SCHEMES = {"dark": 0, "light": 1}
"""The browser's own numbers for them."""
SMALLER, CELL = 4, 15
"""How many times smaller a picture is than the screen, and the pixels of a picture that a cell is wide and high."""
COLOURS = 32
KINDS = ("h1", "h2", "p.verdict", "p.note", "section", "figure.wide", "div.wide", "nav.contents", ".prose", ".tools", "details")
PLACES = f"""
const places = {{}};
for (const kind of {json.dumps(KINDS)})
  places[kind] = [...new Set([...page.querySelectorAll(kind)].map(one => one.getBoundingClientRect()).filter(one => one.height)
    .map(one => `${{Math.round(one.left)}} ${{Math.round(one.width)}}`))].sort();
tell(places);
"""


def screens(text: str, scheme: str) -> dict[int, Image.Image]:
    """The first screen of a page, given as HTML, at every width: RGB, SMALLER times smaller."""
    begins = [sum(WIDTHS[:place]) for place in range(len(WIDTHS))]
    frame = '<iframe style="position:fixed;top:0;left:{}px;width:{}px;height:{}px;border:0" srcdoc="{}"></iframe>'
    frames = [frame.format(begin, width, HEIGHT, escape(text)) for begin, width in zip(begins, WIDTHS, strict=True)]
    with tempfile.TemporaryDirectory(prefix="sac-screens-") as name:
        outer, file = Path(name, "outer.html"), Path(name, "screen.png")
        outer.write_text(f"<!doctype html>{''.join(frames)}", encoding="utf-8")
        options = [f"--user-data-dir={name}/profile", f"--window-size={sum(WIDTHS)},{HEIGHT + 200}", "--hide-scrollbars"]
        options += ["--virtual-time-budget=20000", f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}"]
        subprocess.run(
            [str(BROWSER), *QUIET, *options, f"--screenshot={file}", outer.as_uri()], check=True, capture_output=True
        )
        with Image.open(file) as screen:
            parts = [screen.convert("RGB").crop((at, 0, at + wide, HEIGHT)) for at, wide in zip(begins, WIDTHS, strict=True)]
    small = (part.resize((part.width // SMALLER, HEIGHT // SMALLER), Image.Resampling.BOX) for part in parts)
    return dict(zip(WIDTHS, small, strict=True))


def difference(one: Image.Image, two: Image.Image) -> float:
    """The mean difference of the cells' mean colours: 0 for the same picture, 1 for black beside white."""
    first, second = (_cells(np.asarray(picture.convert("RGB"), dtype=float) / 255) for picture in (one, two))
    return float(np.abs(first - second).mean())


def _cells(pixels: np.ndarray) -> np.ndarray:
    high, wide = (size // CELL for size in pixels.shape[:2])
    return pixels[: high * CELL, : wide * CELL].reshape(high, CELL, wide, CELL, 3).mean(axis=(1, 3))


def layout(page: Path, width: int, folder: Path) -> dict[str, list[list[int]]]:
    """By KINDS, the left edges and widths in pixels at which blocks of this kind stand. folder: for scratch files."""
    told = asked(page, folder, width, PLACES, "--hide-scrollbars")
    return {kind: [[int(number) for number in place.split()] for place in places] for kind, places in told.items() if places}


def file_of(page: str, width: int, scheme: str) -> Path:
    """Where the picture of a page lies."""
    return FOLDER / f"{page}-{width}-{scheme}.png"


@click.command()
def main() -> None:
    """Take every picture and measure every layout anew."""
    FOLDER.mkdir(exist_ok=True)
    for page, path in PAGES.items():
        for scheme in SCHEMES:
            for width, picture in screens(path.read_text(encoding="utf-8"), scheme).items():
                picture.quantize(COLOURS).save(file_of(page, width, scheme), optimize=True)
    with tempfile.TemporaryDirectory(prefix="sac-layout-") as folder:
        found = {f"{page} {width}": layout(path, width, Path(folder)) for page, path in PAGES.items() for width in WIDTHS}
    lines = (f"{json.dumps(name)}: {json.dumps(places)}" for name, places in found.items())
    LAYOUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    files = list(FOLDER.iterdir())
    click.echo(f"{FOLDER.relative_to(ROOT)}: {len(files)} files, {sum(file.stat().st_size for file in files):,} bytes")


if __name__ == "__main__":
    main()
