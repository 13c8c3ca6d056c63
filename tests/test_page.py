"""The committed page in a real browser, without a network."""

import re
import shutil
import subprocess

import pytest

from tests.imports import ROOT

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND")


def opened(path, profile, *options):
    return subprocess.run([BROWSER, *QUIET, f"--user-data-dir={profile}", *options, path.as_uri()], check=True,
                          capture_output=True, timeout=120)


@pytest.mark.skipif(not BROWSER, reason="no chromium on this machine")
def test_the_page_opens_and_shows_tables_and_figures(tmp_path):
    shown = opened(ROOT / "reports/fashion_mini/index.html", tmp_path / "profile", "--dump-dom").stdout.decode()
    assert "AUC by attack and fingerprint" in shown and shown.count("<svg") == 5
    assert len(re.findall("<table>", shown)) >= 6
    links = re.findall(r'(?:href|src)="([^"#]+)"', shown.replace("xlink:href", ""))
    assert set(links) == {"../index.html"} and (ROOT / "reports/index.html").exists()


@pytest.mark.skipif(not BROWSER, reason="no chromium on this machine")
def test_the_index_leads_to_every_task(tmp_path):
    shown = opened(ROOT / "reports/index.html", tmp_path / "profile", "--dump-dom").stdout.decode()
    links = re.findall(r'href="([^"#]+)"', shown.replace("xlink:href", ""))
    assert "fashion_mini/index.html" in links and all((ROOT / "reports" / link).exists() for link in links)


def test_tasks_that_are_asked_alike_share_a_table():
    tables = re.findall(r"<table>.*?</table>", (ROOT / "reports/index.html").read_text(encoding="utf-8"), re.S)
    classes, faces = (set(re.findall(r'href="(\w+)/index', table)) for table in tables[:2])
    assert faces == {"faces", "faces_orl"} and {"fashion_mini", "emotion"} <= classes and not classes & faces
    assert "(FRI)" in tables[1] and "(FRI)" not in tables[0]


def test_exchanged_thresholds_are_shown_as_a_picture_too():
    assert (ROOT / "reports/index.html").read_text(encoding="utf-8").count("<svg") == 1
