"""Scoring made answers: against suspects, probes, classes, references, redraws, irrelevant models, and far past memory."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.growing.measuring import Point, Points, alone
from pipeline.fingerprints.cosine_l1 import Comparison as CosineL1
from pipeline.fingerprints.files import Score, score_files, write_scored
from pipeline.fingerprints.naming import Fingerprint
from pipeline.fingerprints.partial import Comparison as Partial
from pipeline.outputs.table import PRESSED, write_outputs
from pipeline.probes.probe_set import probe_set

BASE = {"suspects": 100, "probes": 150, "classes": 10, "references": 4, "irrelevant": 0, "redraws": 0}
FEW = {"suspects": 20}
WIDE = {"probes": 1000, "classes": 100}
EVERY = (50, 150, 500, 1500, 5000)
AXES: dict[str, tuple[str, tuple[int, ...], dict[str, int]]] = {
    "suspects": ("suspects", EVERY, {}),
    "suspects, wide answers": ("suspects", (50, 500, 5000), WIDE),
    "probes": ("probes", (*EVERY, 10_000), FEW),
    "classes": ("classes", (10, 30, 100, 300, 1000), {}),
    "references": ("references", (0, 1, 2, 5, 10, 20), {}),
    "irrelevant models": ("irrelevant", (4, 8, 16, 32, 64), {}),
    "redraws": ("redraws", (2, 10, 40, 100, 400), FEW),
}
"""For each axis what varies, its sizes, and how the rest differs from BASE."""
COMPARISONS = {"cosine_l1": CosineL1(), "partial": Partial()}
SKIPPED = {("suspects, wide answers", "cosine_l1"), ("irrelevant models", "cosine_l1")}
ARCHS = 4


def points(largest: int, only: str) -> Points:
    """Every point of every axis (of `only`, if it is one) whose size is at most `largest`."""
    for axis, (varied, sizes, others) in AXES.items():
        for comparison in COMPARISONS:
            for size in sizes if only in ("", axis) and (axis, comparison) not in SKIPPED else ():
                if size <= largest and (size or varied != "references" or comparison == "cosine_l1"):
                    on = BASE | others | {varied: size}
                    yield Point(axis, comparison, size, said(on), *measured(comparison, **on))


def said(on: dict[str, int]) -> str:
    """What a point was measured on, in words."""
    return ", ".join(f"{number} {name}" for name, number in on.items())


def measured(comparison: str, redraws: int, **sizes: int) -> tuple[float, float]:
    """Core-seconds and peak memory of scoring a file of made answers. Writing it is not measured."""
    with tempfile.TemporaryDirectory() as folder:
        PRESSED["compression_level"] = 1
        write_outputs(Path(folder) / "out.parquet", "made", answers(**sizes))
        return alone(__name__, {"folder": folder, "comparison": comparison, "redraws": redraws})


def work(folder: str, comparison: str, redraws: int) -> None:
    """Score the file in `folder`, as stage `score` does."""
    named = Fingerprint(method="clean", comparison=comparison, references="owner" if comparison == "partial" else "")
    score = Score("made", {comparison: COMPARISONS[comparison]}, (), redraws, (named,))
    home = Path(folder)
    write_scored(score_files(score, [home / "out.parquet"]), "made", {}, home / "scores", home / "ranks")


def answers(
    suspects: int, probes: int, classes: int, references: int, irrelevant: int, first: int = 0
) -> Iterator[tuple[dict[str, Any], tuple[str, ...], list[tuple[Any, np.ndarray]]]]:
    """Blocks for `write_outputs`: a source, references, irrelevant models, and suspects that share much with the source.

    first: the number of the first suspect, for more files of the same source.
    """
    draw = np.random.default_rng(0)
    asked = probe_set("clean", np.zeros((probes, 1, 1, 1), np.uint8), np.arange(probes) % classes, np.arange(probes))
    names = tuple(map(str, range(classes)))
    shared = draw.standard_normal((probes, classes), np.float32)
    kinds = {"source": range(1), "references": range(references), "irrelevant": range(irrelevant)}
    for attack, places in (kinds | {"copy": range(first, first + suspects)}).items():
        draw = np.random.default_rng((1, first)) if attack == "copy" else draw
        for place in places:
            arch = {"arch": f"net{place % ARCHS}", "seed": place // ARCHS, "variant": ""}
            about = {"attack": attack, **arch, "suspect": f"{attack}-{place}"}
            yield about, names, [(asked, shared + draw.standard_normal((probes, classes), np.float32))]
