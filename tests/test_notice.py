"""NOTICE names every package of the lock, and says which stand under the GPL."""

import re
from pathlib import Path

from benchmarks.notice import PIN, licence, notice
from tests.imports import ROOT


def test_every_package_of_the_lock_is_named():
    listed = (ROOT / "NOTICE").read_text()
    for name, version in PIN.findall((ROOT / "requirements.lock").read_text()):
        assert f"\n{name} {version}: " in listed, f"{name}: `python -m benchmarks.notice` writes NOTICE anew"


def test_a_choice_that_leaves_out_the_gpl_is_no_gpl(monkeypatch):
    found = {"a": "GPL-2.0-only", "b": "Apache-2.0 OR GPL-2.0-or-later", "c": "LGPL-3.0", "d": "MIT"}
    monkeypatch.setattr("benchmarks.notice.distribution", lambda name: name)
    monkeypatch.setattr("benchmarks.notice.licence", lambda name: found[name])
    text = notice("".join(f"{name}==1.0 \\\n    --hash=sha256:00\n" for name in found))
    assert "Under the GPL: a." in text and "\nb 1.0: Apache-2.0 OR GPL-2.0-or-later\n" in text
    assert notice("d==1.0\n").count("GPL") == 0


def test_a_package_states_its_licence():
    from importlib.metadata import distribution

    assert "MIT" in licence(distribution("pytest")) and Path(ROOT / "LICENSE").exists()


def test_every_package_is_pinned_by_its_sums():
    text = (ROOT / "requirements.lock").read_text()
    pins = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(pins) > 100 and all(PIN.match(pin) and "--hash=sha256:" in pin for pin in pins)
    assert "://" not in text
