"""A million suspects: which existing engine takes over where one process ends, tried on what fits here.

    python -m benchmarks.million                      # six minutes, 1 GB of disk; needs `pip install duckdb 'ray[data]'`
    python -m benchmarks.million --suspects 10000     # a quick look

Answers of made suspects lie in files of our own format, a folder for each part as engines read them. The shares of matching
labels are computed by `score_files`, by DuckDB and by Ray Data over the files, the AUCs of a million made scores by `all_aucs`,
which is pandas and NumPy, and by DuckDB. Each runs in a process of its own on one core, Ray with the processes that it starts.
Writes million.csv.
"""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

from benchmarks.growing.measuring import alone, of_children
from benchmarks.growing.scoring import answers
from pipeline.fingerprints.files import Score, score_files, write_scored
from pipeline.fingerprints.matching import Comparison as Matching
from pipeline.outputs.table import PRESSED, write_outputs
from pipeline.reports.tables import AVERAGE, Attack, all_aucs
from pipeline.reports.text import write_csv

HERE = Path(__file__).parent
SIZES = {"probes": 100, "classes": 10, "references": 0, "irrelevant": 0}
PART = 10_000
ENGINES = {"own": "own, pandas and NumPy", "duckdb": "DuckDB", "ray": "Ray Data"}
TRIED = {"matching": ("own", "duckdb", "ray"), "aucs": ("own", "duckdb")}
FINGERPRINTS, KINDS = 20, ("irrelevant", "finetune_all", "prune", "extract_label", "extract_prob")
MATCHING = """
with answered as (
  select suspect, attack, probe, list_position(output, list_max(output)) as label
  from read_parquet('{folder}/part=*/out.parquet', hive_partitioning = true)
), source as (select probe, any_value(label) as label from answered where attack = 'source' group by probe)
select suspect, avg((answered.label = source.label)::int) as score
from answered join source using (probe) where attack <> 'source' group by suspect
"""
AUCS = """
with placed as (
  select comparison, attack, attack = 'irrelevant' as innocent,
    sum(innocent::int) over (partition by comparison order by score) as up_to,
    sum(innocent::int) over (partition by comparison, score) as tied,
    sum(innocent::int) over (partition by comparison) as judges
  from read_parquet('{folder}/scores.parquet')
)
select comparison, attack, avg((up_to - tied / 2) / judges) as auc from placed where not innocent group by comparison, attack
"""
"""An AUC from one sort of each fingerprint's scores: the share of irrelevant models below a copy, ties half."""


def query(folder: Path, text: str) -> pd.DataFrame:
    """What DuckDB answers, on one core."""
    try:
        import duckdb
    except ImportError:
        raise click.ClickException("DuckDB is not installed, which the pipeline does not need: pip install duckdb") from None
    with duckdb.connect(config={"threads": 1, "memory_limit": "2GB", "temp_directory": str(folder)}) as engine:
        found: pd.DataFrame = engine.execute(text.format(folder=folder)).df()
    return found


def ray_matching(home: Path) -> pd.DataFrame:
    """The shares of matching labels by Ray Data: blocks of the files go to workers, which know the source's labels."""
    import ray.data
    from ray.data.expressions import col

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="error")
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel("ERROR")
    files = [str(file) for file in sorted(home.glob("part=*/out.parquet"))]
    answered = ray.data.read_parquet(files, columns=["suspect", "attack", "probe", "output"])
    source = answered.filter(expr=col("attack") == "source").map_batches(labels).to_pandas().drop_duplicates("probe")
    known = source.set_index("probe")["label"].sort_index().to_numpy()
    matched = (
        answered.filter(expr=col("attack") != "source")
        .map_batches(labels)
        .map_batches(lambda rows: {"suspect": rows["suspect"], "score": rows["label"] == known[rows["probe"]]})
    )
    found: pd.DataFrame = matched.groupby("suspect", num_partitions=1).mean("score").to_pandas()
    return found.rename(columns={"mean(score)": "score"})


def labels(rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A batch of answers with labels in place of outputs."""
    return {
        "suspect": rows["suspect"],
        "probe": rows["probe"],
        "label": np.stack(rows["output"]).argmax(axis=1),
    }


def work(folder: str, what: str, engine: str) -> tuple[float, float]:
    """Compute `what` with `engine`, and leave the result in `folder`. What the processes took that it started."""
    found = {
        ("matching", "own"): own_matching,
        ("matching", "duckdb"): lambda home: query(home, MATCHING),
        ("matching", "ray"): ray_matching,
        ("aucs", "own"): own_aucs,
        ("aucs", "duckdb"): lambda home: query(home, AUCS),
    }[what, engine](Path(folder))
    found.to_parquet(Path(folder) / f"{what}-{engine}.parquet")
    return of_children()


def own_matching(home: Path) -> pd.DataFrame:
    """The shares of matching labels as stage `score` computes them."""
    scored = score_files(Score("made", {"matching": Matching()}), sorted(home.glob("part=*/out.parquet")))
    write_scored(scored, "made", {}, home / "matching", home / "ranks")
    return pd.read_parquet(home / "matching", columns=["suspect", "score"])


def own_aucs(home: Path) -> pd.DataFrame:
    """The AUCs as a report computes them."""
    attacks = [Attack(name, "task", name != "irrelevant", None, {}, []) for name in KINDS]
    found = all_aucs(pd.read_parquet(home / "scores.parquet"), attacks)
    return found.loc[found["attack"] != AVERAGE, ["comparison", "attack", "auc"]]


def write_parts(folder: Path, suspects: int) -> int:
    """Write the answers of so many suspects in parts; how many bytes they have."""
    PRESSED["compression_level"] = 1
    for part, start in enumerate(range(0, suspects, PART)):
        blocks = answers(suspects=min(PART, suspects - start), first=start, **SIZES)
        write_outputs(folder / f"part={part}" / "out.parquet", "made", blocks)
    return sum(file.stat().st_size for file in folder.glob("part=*/out.parquet"))


def write_scores(folder: Path, scores: int) -> None:
    """Write made scores of KINDS by FINGERPRINTS, with ties."""
    draw, each = np.random.default_rng(0), scores // FINGERPRINTS // len(KINDS)
    keys = pd.MultiIndex.from_product(
        [[f"made{place}" for place in range(FINGERPRINTS)], KINDS, range(each)], names=["comparison", "attack", "seed"]
    )
    frame = keys.to_frame(index=False).assign(method="made", representation="logits", references="", count=1)
    frame["score"] = (draw.normal(frame["attack"].ne("irrelevant"), 2).round(3)).astype(np.float32)
    frame.to_parquet(folder / "scores.parquet")


def compared(folder: Path, what: str, on: str, rows: int) -> Iterator[dict[str, Any]]:
    """A row for each engine: what it took, and how far its results lie from ours."""
    keys = ["suspect"] if what == "matching" else ["comparison", "attack"]
    tables: list[pd.DataFrame] = []
    for engine in TRIED[what]:
        seconds, memory = alone("benchmarks.million", {"folder": str(folder), "what": what, "engine": engine})
        tables.append(pd.read_parquet(folder / f"{what}-{engine}.parquet").set_index(keys).sort_index())
        gap = (tables[-1] - tables[0]).abs().to_numpy()
        if len(tables[-1]) != len(tables[0]) or np.isnan(gap).any():
            raise click.ClickException(f"{what}: {ENGINES[engine]} does not give our rows")
        own = {"what": what, "engine": ENGINES[engine], "on": on, "rows": rows, "results": len(gap)}
        yield own | {"seconds": round(seconds, 2), "peak_mb": round(memory), "largest_gap": float(gap.max())}


@click.command()
@click.option("--suspects", default=50_000, show_default=True, help="How many suspects answer.")
@click.option("--scores", default=1_000_000, show_default=True, help="How many scores are judged.")
def main(suspects: int, scores: int) -> None:
    """Measure, and write the table."""
    query(Path(), "select 1")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write_parts(folder, suspects)
        write_scores(folder, scores)
        probes, classes = SIZES["probes"], SIZES["classes"]
        on = f"{suspects:,} suspects, {probes} probes, {classes} classes: {size / 1e6:,.0f} MB in {-(-suspects // PART)} files"
        judged = f"{FINGERPRINTS} fingerprints, {len(KINDS)} kinds of suspects"
        rows = [*compared(folder, "matching", on, suspects * probes), *compared(folder, "aucs", judged, scores)]
    for row in rows:
        click.echo(row)
    write_csv(pd.DataFrame(rows), HERE / "million.csv")


if __name__ == "__main__":
    main()
