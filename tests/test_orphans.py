"""No process outlives the one it works for, killed before or after it asked to be told."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.imports import ROOT

CHILD = "import time; {before}; open(r'{folder}/started', 'w').close(); time.sleep({wait}); {ask}; {after}"
ASK = "import os, sys; sys.path.insert(0, '.'); import stages"
AFTER = "open(r'{folder}/asked', 'w').close(); time.sleep(60)"
PARENT = """import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', {code!r}], env=os.environ | {{'DVC_STAGE': 'report@tiny'}})
open(r'{folder}/pid', 'w').write(str(child.pid))
time.sleep(60)
"""


def gone(pid):
    """Whether a process has ended; one that nobody has waited for has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_for(condition):
    for _ in range(1500):
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(("wait", "file"), [(1.0, "started"), (0, "asked")])
def test_a_stage_ends_with_its_parent_even_one_that_died_while_it_started(tmp_path, wait, file):
    code = CHILD.format(before="pass", folder=tmp_path, wait=wait, ask=ASK, after=AFTER.format(folder=tmp_path))
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(code=code, folder=tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    assert wait_for((tmp_path / file).exists)
    pid = int((tmp_path / "pid").read_text())
    parent.kill()
    parent.wait()
    assert wait_for(lambda: gone(pid))
    assert (tmp_path / "asked").exists() == (file == "asked")


def test_who_knows_another_parent_ends_at_once():
    code = "from pipeline.core.orphans import die_with_parent; die_with_parent(1); print('alive')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == -9 and not done.stdout


def test_a_stage_whose_parent_lives_goes_on():
    code = "import stages; print('alive')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=os.environ | {"DVC_STAGE": "x"}
    )
    assert done.stdout == "alive\n"
