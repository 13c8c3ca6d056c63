"""What grows with what: core-seconds and peak memory of scoring, of the report, and of DVC, against every size.

    python -m benchmarks.growth                    # half an hour on an idle core; needs 3 GB of disk and git
    python -m benchmarks.growth --largest 200      # a quick look
    python -m benchmarks.growth --only probes      # one axis; the rows of the others stay

Answers, scores and finished runs are made: nothing is trained. Every point is measured in a process of its own on one core. The
exponent is the slope of log seconds against log size over the larger half of the points. Writes growth.csv and growth.svg.
"""

from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

from benchmarks.growing import reporting, scoring, tasks
from benchmarks.growing.measuring import Point
from pipeline.reports.text import write_csv

HERE = Path(__file__).parent
TABLE, PICTURE = HERE / "growth.csv", HERE / "growth.svg"
ACROSS = 3
"""How many axes stand beside each other in the picture."""
ORDER = (*scoring.AXES, reporting.AXIS, tasks.AXIS)
MEASURED = (scoring.points, reporting.points, tasks.points)


def exponent(own: pd.DataFrame) -> float:
    """The slope of log seconds against log size over the larger half of the points; NaN of a single one."""
    upper = own[own["size"] > 0].nlargest(max(2, (len(own) + 1) // 2), "size")
    if len(upper) < 2:
        return float("nan")
    return float(np.polyfit(np.log(upper["size"]), np.log(upper["seconds"]), 1)[0])


def with_exponents(rows: pd.DataFrame) -> pd.DataFrame:
    """The points of every curve, and its exponent in each of its rows."""
    found = {key: round(exponent(own), 2) for key, own in rows.groupby(["axis", "what"])}
    return rows.assign(exponent=[found[row.axis, row.what] for row in rows.itertuples()])


def draw(table: pd.DataFrame, path: Path) -> None:
    """The picture: seconds and memory against each size, all on the same logarithmic scales."""
    from matplotlib.figure import Figure

    axes = list(dict.fromkeys(table["axis"]))
    blocks = -(-len(axes) // ACROSS)
    figure = Figure(figsize=(4 * ACROSS, 5 * blocks), layout="constrained")
    panels = figure.subplots(2 * blocks, ACROSS, squeeze=False)
    for empty in panels[-2:, len(axes) - ACROSS * (blocks - 1) :].flat:
        empty.set_axis_off()
    for place, axis in enumerate(axes):
        above, below = panels[2 * (place // ACROSS) :, place % ACROSS][:2]
        for what, own in table[(table["axis"] == axis) & (table["size"] > 0)].groupby("what", sort=False):
            above.loglog(own["size"], own["seconds"], "o-", label=f"{what}: {own['exponent'].iloc[0]:.2f}")
            below.loglog(own["size"], own["peak_mb"], "o-")
        above.legend(title="exponent", fontsize="small")
        label(above, "core-seconds", "", table["seconds"])
        label(below, "peak memory, MB", axis, table["peak_mb"])
    figure.savefig(path, metadata={"Date": None})


def label(panel: Any, vertical: str, horizontal: str, shown: pd.Series) -> None:
    """Name a panel's axes, write their ticks as plain numbers, and let it reach over all that is shown."""
    panel.set(xlabel=horizontal, ylabel=vertical, ylim=(shown.min() / 1.5, shown.max() * 1.5))
    for one in (panel.xaxis, panel.yaxis):
        one.set_major_formatter("{x:g}")
        one.set_minor_formatter("")


def kept(only: str) -> list[Point]:
    """The rows of an earlier call that this one does not measure anew."""
    if not only or not TABLE.exists():
        return []
    old = pd.read_csv(TABLE)[list(Point._fields)]
    return [Point(*row) for row in old[old["axis"] != only].itertuples(index=False)]


@click.command()
@click.option("--largest", type=int, default=10_000, show_default=True, help="No size is larger.")
@click.option("--only", default="", help="One axis; the rows of the others stay.")
def main(largest: int, only: str) -> None:
    """Measure, and write the table and the picture."""
    rows = kept(only)
    for points in MEASURED:
        for point in points(largest, only):
            rows.append(point._replace(seconds=round(point.seconds, 3), peak_mb=round(point.peak_mb)))
            click.echo(f"{point.axis}, {point.what}: {point.size}: {point.seconds:.2f} s, {point.peak_mb:.0f} MB")
    table = with_exponents(pd.DataFrame(sorted(rows, key=lambda point: ORDER.index(point.axis))))
    write_csv(table, TABLE)
    draw(table, PICTURE)


if __name__ == "__main__":
    main()
