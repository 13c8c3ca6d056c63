"""The pages look as they did when tests/screenshots/ was made (`python -m benchmarks.screenshots`); no text lies on another.

Pictures are compared coarsely, so that another browser and other fonts pass; the layout to a pixel or two.
"""

import json
import re

import pytest
from PIL import Image

from benchmarks.screenshots import FOLDER, LAYOUT, PAGES, SCHEMES, WIDTHS, difference, file_of, layout, screens
from tests.browser import asked, browser

AGAIN = "if this is meant: python -m benchmarks.screenshots"
NEAR = 0.1
"""How far pictures may be apart; other fonts make less than 0.08, the other scheme more than 0.4."""
LARGEST = 20_000
OVERLAPS = r"""
page.querySelectorAll('details').forEach(one => one.open = true);
const boxes = [], found = [], walker = page.createTreeWalker(page.body, 4);
while (walker.nextNode()) {
  const node = walker.currentNode, parent = node.parentElement, turned = parent.closest('text')?.getCTM().b;
  if (!node.data.trim() || turned || parent.closest('script, style, .skip, caption, .hidden, title, desc, option')) continue;
  const range = page.createRange(), part = parent.closest('.wide, .prose table')?.getBoundingClientRect();
  range.selectNodeContents(node);
  for (const box of range.getClientRects()) {
    const left = Math.max(box.left, part ? part.left : 0), right = Math.min(box.right, part ? part.right : own.innerWidth);
    if (right - left > 1 && box.height > 1) boxes.push({left, right, top: box.top, bottom: box.bottom, text: node.data.trim()});
  }
}
boxes.sort((one, two) => one.top - two.top);
boxes.forEach((one, place) => {
  for (let next = place + 1; next < boxes.length && boxes[next].top < one.bottom; next++) {
    const two = boxes[next], wide = Math.min(one.right, two.right) - Math.max(one.left, two.left);
    const high = Math.min(one.bottom, two.bottom) - two.top, less = Math.min(one.bottom - one.top, two.bottom - two.top);
    if (wide > 2 && high > 0.35 * less) found.push([one.text.slice(0, 40), two.text.slice(0, 40)]);
  }
});
tell({texts: boxes.length, found});
"""
"""Of all texts that are shown, folded ones too, those that lie on another one. Lines of text overlap by up to a third; labels
of figures that are turned are left out, for their boxes are larger than they are."""


@browser
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("page", PAGES)
def test_the_first_screen_looks_as_it_did(page, scheme):
    for width, picture in screens(PAGES[page].read_text(encoding="utf-8"), scheme).items():
        with Image.open(file_of(page, width, scheme)) as reference:
            assert reference.size == picture.size
            assert difference(reference, picture) < NEAR, f"{page}, {width} pixels, {scheme}: {AGAIN}"


@browser
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", PAGES)
def test_blocks_stand_where_they_did_and_no_text_lies_on_another(page, width, tmp_path):
    reference = json.loads(LAYOUT.read_text(encoding="utf-8"))[f"{page} {width}"]
    found = layout(PAGES[page], width, tmp_path)
    assert list(found) == list(reference), f"{page}, {width} pixels: {AGAIN}"
    for kind, places in found.items():
        assert [pytest.approx(place, abs=2) for place in reference[kind]] == places, f"{page}, {width}: {kind}: {AGAIN}"
    told = asked(PAGES[page], tmp_path, width, OVERLAPS)
    assert told["texts"] > 300 and told["found"] == []


def changed(page, folder, old, new):
    text, count = re.subn(old, new, PAGES[page].read_text(encoding="utf-8"), flags=re.DOTALL)
    assert count
    (folder / "changed.html").write_text(text, encoding="utf-8")
    return folder / "changed.html"


@browser
def test_a_lost_figure_and_the_other_scheme_are_far(tmp_path):
    without = screens(changed("task", tmp_path, r"<svg.*?</svg>", "").read_text(encoding="utf-8"), "dark")[768]
    with Image.open(file_of("task", 768, "dark")) as dark, Image.open(file_of("task", 768, "light")) as light:
        assert difference(dark, without) > 2 * NEAR and difference(dark, light) > 4 * NEAR


@browser
@pytest.mark.parametrize(("old", "new"), [(r"<style>.*?</style>", ""), ("max-width: 75rem", "max-width: 40rem")])
def test_a_lost_style_sheet_and_a_narrow_column_are_another_layout(old, new, tmp_path):
    reference = json.loads(LAYOUT.read_text(encoding="utf-8"))["task 1280"]
    found = layout(changed("task", tmp_path, old, new), 1280, tmp_path)
    assert abs(found["section"][0][1] - reference["section"][0][1]) > 50


@browser
def test_text_that_lies_on_another_is_found(tmp_path):
    page = changed("task", tmp_path, "</style>", "p.verdict { margin-bottom: -5em; }</style>")
    assert asked(page, tmp_path, 768, OVERLAPS)["found"]


def test_the_references_are_small_and_all_are_used():
    files = {file_of(page, width, scheme) for page in PAGES for width in WIDTHS for scheme in SCHEMES}
    assert set(FOLDER.iterdir()) == files | {LAYOUT}
    assert max(file.stat().st_size for file in FOLDER.iterdir()) < LARGEST
