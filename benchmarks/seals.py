"""What seals cost: the seconds in which every stage of a finished run reads the sums of all that it reads and writes.

    python -m benchmarks.seals fashion_mini      # in a folder after `dvc repro`; a few seconds

Each file is summed as often as the lock says that a stage depends on it or writes it. The other number is what training took
(`sac spent`), so the share is an upper bound of that of the whole run.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import click
import pandas as pd

from pipeline.core.lockfile import read_lock
from pipeline.core.seal import file_digest


def files_of(task: str) -> Iterator[Path]:
    """Every file that a stage of the task reads or writes, once for each time."""
    for name, stage in read_lock().items():
        if name.partition("@")[2].split("-")[0] == task:
            for one in (*stage.get("deps", ()), *stage.get("outs", ())):
                path = Path(one["path"])
                yield from (file for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())


@click.command()
@click.argument("task")
def main(task: str) -> None:
    """Sum all files of TASK and compare with what training took."""
    files = list(files_of(task))
    began = time.process_time()
    total = sum(len(file_digest(file)) and file.stat().st_size for file in files)
    seconds = time.process_time() - began
    costs = pd.read_csv(f"artifacts/{task}/costs.csv").set_index("attack")["core_seconds"]
    click.echo(
        f"{len(files):,} sums of {total / 1e6:,.0f} MB: {seconds:.2f} core-seconds, {100 * seconds / costs['total']:.2f} % of "
        f"{costs['total']:,.0f} core-seconds of training"
    )


if __name__ == "__main__":
    main()
