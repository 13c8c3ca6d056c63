"""Limits of an AUC that treat sources, suspects within their architecture, and probes as drawn.

An AUC's variance is estimated part by part and added up, each part with the degrees of freedom that it has:

    stolen      of the placement values (each suspect's share of irrelevant models below it) between units of a stratum:
                DeLong, DeLong & Clarke-Pearson, Biometrics 1988; a unit is one training run, a stratum an attack's
                architecture. Strata of one unit are put together, and where there is only one with the smallest others,
                which errs on the wide side.
    irrelevant  of the same of irrelevant models, between the models of an architecture.
    probes      of the AUC over redraws of half of the probes. Half of a sample, drawn without replacement, varies about
                the whole as the whole varies about the truth, and needs no repeated probe, which would put ones into a
                correlation matrix.
    sources     of the AUC between sources, which holds the sources' own probes and stolen suspects as well; it takes
                their place where it is the larger.

The sum's degrees of freedom are Satterthwaite's. Without an estimate, limits t would solve (AUC - t)^2 = z^2 V(t) with the
variance V(t) that an AUC of t has with so many independent units (Newcombe, Statistics in Medicine 2006, method 5), and an
AUC of 1 keeps a lower limit. The estimated variance, with Student's quantile, takes the place of V(t) where it is larger,
and shrinks towards 0 and 1 as V(t) does, so that limits stay inside. It never counts where it is smaller: a few suspects
that all agree are no evidence that suspects do not vary. benchmarks/coverage.md shows what these limits cover.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from pipeline.metrics.auc import below

CONFIDENCE = 0.95
TINY = 1e-9
"""Steps off the trivial root that the limits of an AUC of exactly 0 or 1 have at the edge itself."""


@dataclass(frozen=True)
class Variance:
    """A part of an AUC's variance, with its degrees of freedom."""

    value: float
    freedom: float


@dataclass(frozen=True)
class Judged:
    """Scores of one source's suspects: S stolen and I irrelevant ones, and the same in R redraws of the probes.

    units (S,): suspects with the same label vary together (the points of one pruning run). strata (S,) and
    irrelevant_strata (I,): what is not drawn, such as the architecture. weights (S,): of the stolen suspects in the AUC.
    stolen_redraws (R, S) and irrelevant_redraws (R, I): scores, or anything that orders suspects as they do. Without
    redraws the probes count as given, unless `probes` says what variance their draw gives the AUC.
    """

    stolen: np.ndarray
    irrelevant: np.ndarray
    units: np.ndarray
    strata: np.ndarray
    irrelevant_strata: np.ndarray
    weights: np.ndarray
    stolen_redraws: np.ndarray
    irrelevant_redraws: np.ndarray
    probes: Variance | None = None


@dataclass(frozen=True)
class Interval:
    """An AUC with its 95 % limits, and the AUC of each source.

    stolen, irrelevant, probes, between: the parts of its variance; `between` is NaN with one source, and then the limits
    are conditional on it.
    """

    value: float
    low: float
    high: float
    by_source: tuple[float, ...]
    stolen: float
    irrelevant: float
    probes: float
    between: float


def interval(sources: Sequence[Judged]) -> Interval:
    """The mean of the sources' AUCs and its limits. The irrelevant models are the same, in one order, for every source."""
    parts = [_parts(own) for own in sources]
    values = np.array([part.value for part in parts])
    count, irrelevant = len(sources), len(sources[0].irrelevant)
    stolen = [Variance(part.stolen.value / count**2, part.stolen.freedom) for part in parts]
    probes = [Variance(part.probes.value / count**2, part.probes.freedom) for part in parts]
    shared, _ = between_units(
        np.mean([part.columns for part in parts], axis=0),
        np.full(irrelevant, 1 / irrelevant),
        np.arange(irrelevant),
        sources[0].irrelevant_strata,
    )
    between = Variance(values.var(ddof=1) / count if count > 1 else np.nan, count - 1)
    own = [*stolen, *probes]
    if between.value > sum(part.value for part in own):
        own = [between]
    low, high = limits(float(values.mean()), sum(part.units for part in parts), irrelevant, pooled([*own, shared]))
    return Interval(
        float(values.mean()),
        low,
        high,
        tuple(map(float, values)),
        sum(part.value for part in stolen),
        shared.value,
        sum(part.value for part in probes),
        float(between.value),
    )


def limits(value: float, stolen: int, irrelevant: int, estimated: Variance | None = None) -> tuple[float, float]:
    """95 % limits of an AUC from the numbers of units and, where it is estimated, its variance."""
    normal, edge, spread = stats.norm.ppf((1 + CONFIDENCE) / 2) ** 2, 1 / (2 * min(stolen, irrelevant)), 0.0
    here = independent_variance(min(max(value, edge), 1 - edge), stolen, irrelevant)
    if estimated is not None and estimated.value > 0:
        spread = stats.t.ppf((1 + CONFIDENCE) / 2, max(1.0, estimated.freedom)) ** 2 * estimated.value

    def excess(t: float) -> float:
        there = independent_variance(t, stolen, irrelevant)
        return float((value - t) ** 2 - max(normal * there, spread * min(1.0, there / here)))

    low = 0.0 if value <= 0 else optimize.brentq(excess, 0.0, min(value, 1 - TINY))
    high = 1.0 if value >= 1 else optimize.brentq(excess, max(value, TINY), 1.0)
    return float(low), float(high)


def independent_variance(value: float, stolen: int, irrelevant: int) -> float:
    """Variance of an AUC of so many independent suspects: t (1 - t) (1 + N (1 - t) / (2 - t) + N t / (1 + t)) / (m n), with
    N = (m + n) / 2 - 1."""
    spare = (stolen + irrelevant) / 2 - 1
    inflation = 1 + spare * (1 - value) / (2 - value) + spare * value / (1 + value)
    return value * (1 - value) * inflation / (stolen * irrelevant)


def pooled(parts: Sequence[Variance]) -> Variance:
    """The sum of independent parts, with Satterthwaite's degrees of freedom (Biometrics Bulletin 1946)."""
    total = sum(part.value for part in parts)
    known = [part for part in parts if part.value > 0]
    freedom = total**2 / sum(part.value**2 / max(1.0, part.freedom) for part in known) if known else 0.0
    return Variance(total, freedom)


def between_units(values: np.ndarray, weights: np.ndarray, units: np.ndarray, strata: np.ndarray) -> tuple[Variance, int]:
    """Variance of sum(weights * values) when units are drawn within strata, and the number of units.

    A unit counts with the sum of its weights and the weighted mean of its values; its stratum is its first value's.
    """
    _, first, place = np.unique(units, return_index=True, return_inverse=True)
    heavy = np.bincount(place, weights)
    means = np.bincount(place, weights * values) / heavy
    _, stratum, sizes = np.unique(strata[first], return_inverse=True, return_counts=True)
    alone = sizes[stratum] == 1
    if alone.sum() == 1:
        alone |= sizes[stratum] == min(sizes[sizes > 1], default=1)
    stratum = np.where(alone, -1, stratum)
    groups = [stratum == one for one in np.unique(stratum) if (stratum == one).sum() > 1]
    variance = sum((heavy[own] ** 2).sum() * means[own].var(ddof=1) for own in groups)
    return Variance(float(variance), float(sum(own.sum() - 1 for own in groups))), len(first)


@dataclass(frozen=True)
class _Parts:
    """One source's AUC, the parts of its variance, the units, and the irrelevant models' placement values (I,)."""

    value: float
    stolen: Variance
    probes: Variance
    units: int
    columns: np.ndarray


def _parts(own: Judged) -> _Parts:
    weights = own.weights / own.weights.sum()
    rows = below(own.stolen, own.irrelevant) / len(own.irrelevant)
    value = float(weights @ rows)
    stolen, units = between_units(rows, weights, own.units, own.strata)
    redrawn = below(own.stolen_redraws, own.irrelevant_redraws) / len(own.irrelevant) @ weights
    probes = own.probes or Variance(float(((redrawn - value) ** 2).mean()) if len(redrawn) else 0.0, float(len(redrawn)))
    return _Parts(value, stolen, probes, units, 1 - below(own.irrelevant, own.stolen, weights))
