"""How the cost of scoring grows: seconds and peak memory against suspects, probes, classes and reference models.

Answers are made. Every point is scored in a process of its own, on one core, from the file that it wrote; the exponent is the
slope of log seconds against log size over the larger half of the points. Writes GROWTH.csv and GROWTH.svg.

    python benchmarks/growth.py                 # about ten minutes on an idle core
    python benchmarks/growth.py --largest 200   # a quick look
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import pandas as pd

from pipeline.fingerprints.cosine_l1 import Comparison as CosineL1
from pipeline.fingerprints.files import Score, score_files, write_scored
from pipeline.fingerprints.partial import Comparison as Partial
from pipeline.outputs.table import PRESSED, write_outputs
from pipeline.probes.probe_set import probe_set

HERE = Path(__file__).parent
BASE = {"suspects": 100, "probes": 150, "classes": 10, "references": 4}
AXES = {
    "suspects": (50, 150, 500, 1500, 5000),
    "probes": (50, 150, 500, 1500),
    "classes": (10, 30, 100, 300, 1000),
    "references": (1, 2, 5, 10, 20),
}
COMPARISONS = {"cosine_l1": CosineL1(), "partial": Partial()}


def answers(suspects, probes, classes, references):
    """Blocks for `write_outputs`: a source, references, and suspects that share much with it."""
    draw = np.random.default_rng(0)
    asked = probe_set("clean", np.zeros((probes, 1, 1, 1), np.uint8), np.arange(probes) % classes, np.arange(probes))
    shared = draw.normal(size=(probes, classes))
    for place in range(1 + references + suspects):
        attack = "source" if not place else "references" if place <= references else "copy"
        about = {"attack": attack, "arch": "vgg", "seed": place, "variant": "", "suspect": f"{attack}-{place}"}
        logits = (shared + draw.normal(size=(probes, classes))).astype(np.float32)
        yield about, tuple(map(str, range(classes))), [(asked, logits)]


def measure(sizes, comparison):
    """(seconds, peak memory in MB) of scoring such a file in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        PRESSED["compression_level"] = 1  # writing is not what is measured
        write_outputs(Path(name) / "out.parquet", "made", answers(**sizes))
        said = subprocess.run(
            [sys.executable, __file__, "--score", name, "--comparison", comparison], check=True, capture_output=True, text=True
        )
    seconds, memory = map(float, said.stdout.split())
    return seconds, memory


def score(folder, comparison):
    """What the process of a point does."""
    began = time.process_time()
    scored = score_files(Score("made", {comparison: COMPARISONS[comparison]}), [folder / "out.parquet"])
    write_scored(scored, "made", {}, folder / "scores", folder / "ranks")
    print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def exponent(table):
    """The slope of log seconds against log size over the larger half of the points."""
    upper = table.sort_values("size").iloc[len(table) // 2 - 1 :]
    return float(np.polyfit(np.log(upper["size"]), np.log(upper["seconds"]), 1)[0])


def draw(table, path):
    """The picture: seconds and memory against each size, both axes logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * len(AXES), 5), layout="constrained")
    panels = figure.subplots(2, len(AXES), squeeze=False)
    for column, axis in enumerate(AXES):
        for (comparison), own in table[table["axis"] == axis].groupby("comparison"):
            panels[0, column].loglog(own["size"], own["seconds"], "o-", label=f"{comparison}: {own['exponent'].iloc[0]:.2f}")
            panels[1, column].loglog(own["size"], own["peak_mb"], "o-")
        panels[0, column].legend(title="exponent")
        panels[1, column].set_xlabel(axis)
    panels[0, 0].set_ylabel("core-seconds")
    panels[1, 0].set_ylabel("peak memory, MB")
    figure.savefig(path, metadata={"Date": None})


@click.command()
@click.option("--largest", type=int, default=5000, show_default=True, help="No size is larger.")
@click.option("--score", "folder", type=click.Path(path_type=Path), hidden=True)
@click.option("--comparison", hidden=True)
def main(largest, folder, comparison):
    """Measure, and write the table and the picture."""
    if folder:
        score(folder, comparison)
        return
    rows = []
    for axis, sizes in AXES.items():
        for name in COMPARISONS:
            for size in (size for size in sizes if size <= largest):
                seconds, memory = measure(BASE | {axis: size}, name)
                rows.append(
                    {"axis": axis, "comparison": name, "size": size, "seconds": round(seconds, 3), "peak_mb": round(memory)}
                )
                click.echo(rows[-1])
    table = pd.DataFrame(rows)
    found = {key: exponent(own) for key, own in table.groupby(["axis", "comparison"])}
    table["exponent"] = [round(found[row.axis, row.comparison], 2) for row in table.itertuples()]
    table.to_csv(HERE / "GROWTH.csv", index=False)
    draw(table, HERE / "GROWTH.svg")


if __name__ == "__main__":
    main()
