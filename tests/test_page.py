"""The committed pages in a real browser, without a network: what they show, at three widths, in the dark, by axe's rules."""

import os
import re

import pandas as pd
import pytest

from tests.browser import asked, browser, opened
from tests.imports import ROOT

REPORTS = ROOT / os.environ.get("SAC_TEST_REPORTS", "reports")
TASK, OVER = REPORTS / "fashion_mini/index.html", REPORTS / "index.html"
AXE = ROOT / ".axe/package/axe.min.js"
LARGEST = 500_000
MEASURE = """
const wide = [...page.querySelectorAll('body *')].filter(one => !one.closest('.wide, .prose table, .skip, caption, .hidden')
  && one.getBoundingClientRect().right > own.innerWidth + 1).map(one => one.outerHTML.slice(0, 80));
const small = [...page.querySelectorAll('svg text')].filter(one => one.getBoundingClientRect().width)
  .map(one => one.getBoundingClientRect().height);
const blocks = [...page.querySelectorAll('main > *, section > *')].map(one => one.getBoundingClientRect())
  .filter(one => one.height);
tell({scroll: page.documentElement.scrollWidth - own.innerWidth, wide, text: Math.min(...small),
      overlaps: blocks.filter((one, at) => at && one.top < blocks[at - 1].top - 1).length});
"""
RULES = """
own.axe.run(page, {resultTypes: ['violations']}).then(found => tell(found.violations
  .filter(one => ['serious', 'critical'].includes(one.impact))
  .map(one => [one.id, one.nodes.map(node => node.html.slice(0, 120))])));
"""


@browser
def test_the_page_of_a_task_says_what_came_out_and_leads_everywhere(tmp_path):
    shown = opened(TASK, tmp_path / "profile")
    assert "AUC by attack and fingerprint" in shown and shown.count("<svg") >= 5 and len(re.findall("<table", shown)) >= 6
    assert shown.index('class="verdict"') < shown.index("<svg") < shown.index('class="contents"') < shown.index("<table")
    links = re.findall(r'(?:href|src)="([^"]+)"', shown.replace("xlink:href", "href"))
    anchors = {link[1:] for link in links if link.startswith("#")}
    assert anchors <= set(re.findall(r'id="([^"]+)"', shown)) and {"agreement", "scores", "content"} <= anchors
    assert all((TASK.parent / link.partition("#")[0]).exists() for link in links if not link.startswith(("#", "data:")))


def test_every_figure_has_a_title_and_a_description():
    for page in (TASK, OVER):
        for figure in re.findall(r"<svg.*?</svg>", page.read_text(encoding="utf-8"), re.S):
            assert re.search(r'<svg role="(img|group)" aria-labelledby="(\w+)-title \2-desc"', figure)
            assert re.search(r'<title id="\w+-title">[^<]{10}', figure) and re.search(r'<desc id="\w+-desc">[^<]{10}', figure)


@browser
def test_a_suspects_score_is_found_by_pointer_and_keyboard(tmp_path):
    script = """const dots = [...page.querySelectorAll('#scores svg a[aria-label]')];
        dots[0].focus(); dots[0].dispatchEvent(new own.KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}));
        tell([dots.length, dots.filter(dot => dot.getAttribute('tabindex') === '0').length, page.activeElement === dots[1],
              dots[1].querySelector('title').textContent,
              !!page.getElementById(dots[1].getAttribute('xlink:href').slice(1))]);"""
    count, reached, moved, title, row = asked(TASK, tmp_path, 1280, script)
    assert count > 50 and (reached, moved, row) == (1, True, True) and re.search(r"\w+: -?\d", title)


@browser
def test_the_leaderboard_sorts_filters_and_leads_to_every_task(tmp_path):
    script = """const table = page.querySelector('table.explored'), before = table.rows[1].cells[1].textContent;
        const input = page.querySelector('#leaderboard input.filter');
        input.value = 'sac-jc'; input.dispatchEvent(new own.Event('input'));
        const left = [...table.tBodies[0].rows].filter(row => row.offsetParent !== null).map(row => row.cells[0].textContent);
        const attack = page.getElementById('attack');
        attack.value = 'extract_label'; attack.dispatchEvent(new own.Event('change'));
        const changed = table.rows[1].cells[1].textContent;
        table.tHead.rows[0].cells[1].querySelector('button').click();
        const sorted = [...table.tBodies[0].rows].map(row => parseFloat(row.cells[1].textContent)).filter(one => !isNaN(one));
        tell({left, before, changed, sorted,
            links: [...page.querySelectorAll('#leaderboard a')].map(one => one.getAttribute('href'))});"""
    told = asked(OVER, tmp_path, 1280, script)
    assert told["left"] and all("sac-jc" in name.lower() for name in told["left"]) and told["before"] != told["changed"]
    assert told["sorted"] == sorted(told["sorted"], reverse=True) and len(told["sorted"]) > 10
    assert all((REPORTS / link.partition("#")[0]).exists() for link in told["links"] if not link.startswith("#"))
    assert {"fashion_mini/index.html#auc"} <= set(told["links"])


@browser
@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("page", [TASK, OVER], ids=["task", "over"])
def test_nothing_overflows_or_overlaps_and_figures_can_be_read(page, width, tmp_path):
    told = asked(page, tmp_path, width, MEASURE)
    assert told["scroll"] <= 0 and told["wide"] == [] and told["overlaps"] == 0
    assert told["text"] >= 7


@browser
@pytest.mark.skipif(not AXE.exists(), reason="no axe: .ci/run fetches it")
@pytest.mark.parametrize("scheme", [0, 1], ids=["dark", "light"])
@pytest.mark.parametrize("page", [TASK, OVER], ids=["task", "over"])
def test_axe_finds_nothing_serious(page, scheme, tmp_path):
    found = asked(
        page,
        tmp_path,
        1280,
        RULES,
        f"--blink-settings=preferredColorScheme={scheme}",
        library=AXE.read_text(encoding="utf-8").replace("</", "<\\/"),
    )
    assert found == []


def test_faces_and_classes_are_asked_by_different_fingerprints():
    board = pd.read_parquet(REPORTS / "leaderboard.parquet").dropna(subset="auc")
    faces = board["task"].isin(["faces", "faces_orl"])
    asked, others = (set(own["fingerprint"]) for own in (board[faces], board[~faces]))
    assert "SAC-JC (FRI)" in asked and {"SAC-w", "SAC-m", "SAC-JC"} <= others
    assert not [name for name in others if "FRI" in name]
    assert not {"SAC-w", "SAC-m", "AKH"} & asked


def test_standings_and_exchanged_thresholds_are_pictures_too():
    shown = re.findall(r'aria-labelledby="(\w+)-title', OVER.read_text(encoding="utf-8"))
    exchanged = ["cifar10_resnet", "emotion_views", "fashion_mnist_long"]
    assert shown == ["standings", *(f"exchange_{task}" for task in exchanged)]


def test_pages_are_small_and_load_nothing():
    for page in (OVER, *REPORTS.glob("*/index.html")):
        text = page.read_text(encoding="utf-8")
        assert len(text.encode()) < LARGEST, page
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', text.replace("xmlns", "")), page
