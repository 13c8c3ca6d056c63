"""Whether DVC holds a run for finished: nothing that is out of date is published."""

import json
import subprocess
import sys

from pipeline.core.errors import BadInput


def check_finished(task: str) -> None:
    """Raise BadInput unless every stage of `task` is up to date."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "status", "--json", "--with-deps", f"report@{task}"], capture_output=True, text=True
    )
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).partition("ERROR: ")[2].split())
        raise BadInput(f"dvc status report@{task}: {said[:300] or f'exit code {done.returncode}'}")
    if changed := json.loads(done.stdout):
        raise BadInput(f"{task}: {len(changed)} stages are not up to date ({', '.join(list(changed)[:3])}); dvc repro first")
