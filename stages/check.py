"""Stage `check`: params.yaml and dvc.yaml as a whole, before anything else starts."""

import os
from pathlib import Path

import click

from pipeline.core.errors import BadInput
from pipeline.core.lockfile import read_lock
from pipeline.wiring.check import check_params
from pipeline.wiring.guard import write_checked
from pipeline.wiring.wire import check_wired
from stages.paths import OUTPUT


@click.command()
@click.option("--out", type=OUTPUT, help="A folder for what the other stages depend on: the tasks' parts, the lists of code.")
def check(out: Path | None) -> None:
    """Check params.yaml and dvc.yaml: a misspelt task, name or key stops here, with the nearest known one."""
    try:
        check_params()
        check_wired()
        read_lock()
    except BadInput as error:
        back = "; what `dvc exp run -S` wrote stays: git checkout params.yaml brings the old values back"
        raise BadInput(f"{error}{back if 'DVC_STAGE' in os.environ else ''}") from None
    if out:
        write_checked(out)
