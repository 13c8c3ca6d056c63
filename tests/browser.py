"""A real browser, without a network: what it shows of a page, tells of it, and how it looks."""

import json
import shutil
import subprocess
from html import escape
from pathlib import Path

import pytest

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
browser = pytest.mark.skipif(not BROWSER, reason="no chromium on this machine")


def opened(path, profile, *options):
    return subprocess.run(
        [BROWSER, *QUIET, f"--user-data-dir={profile}", *options, "--dump-dom", path.as_uri()],
        check=True,
        capture_output=True,
        timeout=120,
    ).stdout.decode()


def asked(page: Path, folder: Path, width: int, script: str, *options: str, library: str = ""):
    """What `script` tells of a page in a frame of so many pixels; it knows `page`, `own` (its window) and `tell`."""
    text = page.read_text(encoding="utf-8").replace("</head>", f"<script>{library}</script></head>", 1)
    outer = folder / "outer.html"
    outer.write_text(
        f"""<!doctype html><iframe width="{width}" height="900" srcdoc="{escape(text)}"></iframe>
<pre id="told"></pre>
<script>const frame = document.querySelector('iframe');
const tell = value => {{ document.getElementById('told').textContent = JSON.stringify(value); }};
frame.addEventListener('load', () => {{ const own = frame.contentWindow, page = own.document; {script} }});</script>""",
        encoding="utf-8",
    )
    shown = opened(outer, folder / "profile", "--window-size=1500,1000", "--virtual-time-budget=20000", *options)
    told = shown.rpartition('<pre id="told">')[2].partition("</pre>")[0]
    return json.loads(told.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
