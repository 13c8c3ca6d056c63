"""How often the 95 % limits of an AUC hold the truth, over zoos that are drawn from a known one.

    python benchmarks/coverage.py

writes benchmarks/coverage.csv and .md. On one core it takes some minutes. An AUC of 1 is out of reach where copies
escape: there it is the highest that is not.

The truth: a suspect's score on a probe is its side's level, and effects of its architecture (fixed), of the source on the
gap between the sides, of the training run, of the probe on the gap, and of run and probe together; the score is the mean
over the probes. All are normal, so the AUC over all sources, runs and probes is known; with one source, it is that
source's. Some copies escape: these score as irrelevant models do. Beside the limits of pipeline/metrics/intervals.py
stand those of a percentile bootstrap of suspects within architecture, with Newcombe's where it has nothing to vary.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pandas as pd
from scipy import optimize, stats

from pipeline.core.files import write_text
from pipeline.fingerprints.redraws import draw_halves
from pipeline.metrics.intervals import Judged, interval, limits
from pipeline.reports import markdown
from pipeline.reports.text import rounded

ARCHS, PROBES, REDRAWS, RESAMPLES = 4, 100, 40, 400
AUCS, SEEDS, SOURCES = (0.5, 0.8, 0.95, 1.0), (2, 3, 5), (1, 3)
HIGHEST = 1 - 1e-6
"""Stands for an AUC of 1, which no normal effects have."""


@dataclass(frozen=True)
class Truth:
    """Standard deviations of the effects, for a mean over all probes; `escape`: the share of copies that do."""

    arch: float = 0.7
    source: float = 0.3
    run: float = 0.8
    probe: float = 0.3
    both: float = 0.6
    escape: float = 0.0


TRUTHS = {
    "like ours": Truth(),
    "suspects alone": Truth(arch=0, source=0, run=1, probe=0, both=0.3),
    "one copy in ten escapes": Truth(arch=0.3, source=0.2, run=0.5, probe=0.2, both=0.3, escape=0.1),
}


class World:
    """Architectures whose suspects have, over everything else that is drawn, one given AUC."""

    def __init__(self, truth: Truth, auc: float, sources: int, draw: np.random.Generator) -> None:
        self.truth, self.sources, self.draw = truth, sources, draw
        self.levels = draw.normal(0, truth.arch, (2, ARCHS))
        drawn = truth.source if sources > 1 else 0.0
        self.spread = np.sqrt(2 * (truth.run**2 + truth.both**2) + truth.probe**2 + drawn**2)
        self.gap = optimize.brentq(lambda gap: self.auc(gap) - self._reachable(auc), -100, 100)

    def auc(self, gap: float) -> float:
        """The true AUC of sides that are `gap` apart."""
        apart = (self.levels[0][:, None] - self.levels[1]) / self.spread
        caught, escaped = (stats.norm.cdf(apart + one / self.spread).mean() for one in (gap, 0.0))
        return float((1 - self.truth.escape) * caught + self.truth.escape * escaped)

    def _reachable(self, auc: float) -> float:
        return min(auc, HIGHEST, self.auc(90))

    def zoo(self, seeds: int) -> list[Judged]:
        """One draw of everything: the suspects of each source."""
        places, truth = np.repeat(np.arange(ARCHS), seeds), self.truth
        shared = self.levels[1][places] + self.draw.normal(0, truth.run * 0.5**0.5, len(places))
        zoo = []
        for _ in range(self.sources):
            gap = self.gap + (self.draw.normal(0, truth.source) if self.sources > 1 else 0.0)
            caught = self.draw.random(len(places)) >= truth.escape
            runs = self.levels[0][places] + gap * caught + self.draw.normal(0, truth.run, len(places))
            others = shared + self.draw.normal(0, truth.run * 0.5**0.5, len(places))
            zoo.append(
                self._judged(
                    self._scores(runs) + self.draw.normal(0, truth.probe * PROBES**0.5, PROBES), self._scores(others), places
                )
            )
        return zoo

    def _scores(self, runs: np.ndarray) -> np.ndarray:
        """(S, P) scores on each probe."""
        return runs[:, None] + self.draw.normal(0, self.truth.both * PROBES**0.5, (len(runs), PROBES))

    def _judged(self, stolen: np.ndarray, irrelevant: np.ndarray, archs: np.ndarray) -> Judged:
        shares = draw_halves(PROBES, REDRAWS, 1, int(self.draw.integers(2**31))) / (PROBES / 2)
        return Judged(
            stolen.mean(1),
            irrelevant.mean(1),
            np.arange(len(stolen)),
            archs,
            archs,
            np.ones(len(stolen)),
            shares @ stolen.T,
            shares @ irrelevant.T,
        )


def percentile_bootstrap(zoo: list[Judged], draw: np.random.Generator) -> tuple[float, float]:
    """Limits from suspects resampled within architecture, all sources' suspects pooled by averaging the sources' AUCs."""
    sampled, value = np.zeros(RESAMPLES), 0.0
    for own in zoo:
        table = np.heaviside(own.stolen[:, None] - own.irrelevant, 0.5)
        rows, columns = (_times(strata, draw) for strata in (own.strata, own.irrelevant_strata))
        sampled += np.einsum("rs,si,ri->r", rows, table, columns, optimize=True) / table.size / len(zoo)
        value += table.mean() / len(zoo)
    low, high = np.quantile(sampled, [0.025, 0.975])
    if min(value, 1 - value) * table.size < 1 or low == high:
        return limits(value, len(zoo[0].stolen), len(zoo[0].irrelevant))
    return float(low), float(high)


def _times(strata: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """(RESAMPLES, S): how often each suspect is drawn within its stratum."""
    size = int((strata == strata[0]).sum())
    return np.concatenate([draw.multinomial(size, np.full(size, 1 / size), RESAMPLES) for _ in np.unique(strata)], axis=1)


METHODS: dict[str, Callable[[list[Judged], np.random.Generator], tuple[float, float]]] = {
    "limits": lambda zoo, _: (lambda found: (found.low, found.high))(interval(zoo)),
    "bootstrap": percentile_bootstrap,
}


def simulate(truth: Truth, auc: float, seeds: int, sources: int, zoos: int, draw: np.random.Generator) -> dict[str, float]:
    """The mean of the true AUCs, the share of zoos in which each method's limits hold them, and the limits' mean width."""
    truths: list[float] = []
    held: dict[str, list[bool]] = {name: [] for name in METHODS}
    widths: dict[str, list[float]] = {name: [] for name in METHODS}
    for _ in range(zoos):
        world = World(truth, auc, sources, draw)
        zoo, known = world.zoo(seeds), world.auc(world.gap)
        truths.append(known)
        for name, method in METHODS.items():
            low, high = method(zoo, draw)
            held[name].append(low <= known <= high)
            widths[name].append(high - low)
    shares = {f"coverage of {name}": float(np.mean(own)) for name, own in held.items()}
    return {"auc": float(np.mean(truths))} | shares | {f"width of {name}": float(np.mean(own)) for name, own in widths.items()}


def table(zoos: int, seed: int) -> pd.DataFrame:
    """One row for each truth, number of sources and of seeds, and AUC."""
    rows: list[dict[str, object]] = []
    for name, truth in TRUTHS.items():
        for sources in SOURCES:
            for seeds in SEEDS:
                for auc in AUCS:
                    draw = np.random.default_rng([seed, len(rows)])
                    found = simulate(truth, auc, seeds, sources, zoos, draw)
                    rows.append({"truth": name, "sources": sources, "seeds": seeds, **found})
    return pd.DataFrame(rows)


@click.command()
@click.option("--zoos", type=click.IntRange(1), default=1000, show_default=True, help="How many zoos of each kind to draw.")
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("benchmarks/coverage"),
    show_default=True,
    help="Where to write, without the ending.",
)
def main(zoos: int, seed: int, out: Path) -> None:
    """Measure what the limits cover."""
    found = table(zoos, seed)
    write_text(out.with_suffix(".csv"), found.to_csv(index=False, float_format="%.3f"))
    note = (
        f"Share of {zoos} drawn zoos whose 95 % limits hold the true AUC, and the mean width of the limits "
        f"(`python benchmarks/coverage.py --zoos {zoos} --seed {seed}`). limits: pipeline/metrics/intervals.py; bootstrap: "
        "suspects resampled within architecture, probes and sources as given. With one source the truth is that "
        "source's.\n\n"
    )
    write_text(out.with_suffix(".md"), note + markdown.table(rounded(found, 3)))
    click.echo(
        f"least coverage: limits {found['coverage of limits'].min():.3f}, bootstrap {found['coverage of bootstrap'].min():.3f}"
    )


if __name__ == "__main__":
    main()
