"""The simulation of what limits cover: its truth is the truth, and it sees limits that hold too little."""

import numpy as np
import pytest

from benchmarks.coverage import TRUTHS, Truth, World, simulate
from pipeline.metrics.auc import auc


@pytest.mark.parametrize("name", TRUTHS)
@pytest.mark.parametrize("sources", [1, 3])
def test_the_true_auc_is_the_mean_of_those_of_drawn_zoos(name, sources):
    world = World(TRUTHS[name], 0.8, sources, np.random.default_rng(0))
    drawn = [auc(one.stolen, one.irrelevant) for _ in range(300) for one in world.zoo(2)]
    assert np.mean(drawn) == pytest.approx(world.auc(world.gap), abs=0.03)
    assert world.auc(world.gap) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize(("auc", "sources"), [(0.5, 1), (0.8, 3), (0.95, 1), (1.0, 1)])
def test_the_limits_hold_the_truth_and_the_bootstrap_of_suspects_alone_does_not(auc, sources):
    found = simulate(Truth(), auc, 2, sources, 80, np.random.default_rng(1))
    assert found["coverage of limits"] >= 0.9
    assert auc > 0.9 or found["coverage of bootstrap"] < 0.9
    assert found["width of limits"] < 0.7
