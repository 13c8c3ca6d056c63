"""The tricks of benchmarks/fewer_steps.py: none of them is `fit`, and each does what its name says."""

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.fewer_steps import LOOKAHEAD, PLAIN, RECIPE, TRICKS, batches, table, train, whiten
from pipeline.models.network import build
from pipeline.training.fit import fit_new

SHORT = RECIPE.model_copy(update={"epochs": 2, "batch": 32})


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_without_a_trick_the_network_is_the_one_that_fit_makes(tiny):
    assert same(train("vgg_slim", tiny, SHORT, 3), fit_new("vgg_slim", tiny, SHORT, 3))


def test_every_trick_makes_another_network(tiny):
    networks = [train("vgg_slim", tiny, SHORT, 3, trick) for trick in (PLAIN, *TRICKS)]
    assert not any(same(one, other) for place, one in enumerate(networks) for other in networks[:place])
    assert all(torch.isfinite(value).all() for network in networks for value in network.state_dict().values())


def test_answers_of_the_whitened_layer_have_unit_variance_and_do_not_correlate(tiny):
    network = build("vgg_slim", tiny, 0)
    whiten(network, torch.from_numpy(tiny.images))
    first = next(layer for layer in network.features if isinstance(layer, torch.nn.Conv2d))
    pixels = (torch.from_numpy(tiny.images) / 255 - network.mean) / network.std
    with torch.no_grad():
        answers = torch.nn.functional.conv2d(pixels, first.weight, stride=first.stride).transpose(0, 1).flatten(1)
    moments = (answers @ answers.T / answers.shape[1]).numpy()
    assert np.allclose(answers[0], -answers[8], atol=1e-5)
    assert moments[:4, :4] == pytest.approx(np.diag(np.diag(moments[:4, :4])), abs=1e-3)
    assert moments[0, 0] == pytest.approx(1, abs=0.05)


def test_late_batches_are_twice_as_large_and_every_image_is_still_seen():
    found = list(batches(128, SHORT, torch.Generator().manual_seed(0), late=True))
    assert [len(index) for *_, index in found] == [32] * 4 + [64] * 2
    assert sorted(torch.cat([index for _, epoch, index in found if epoch == 1]).tolist()) == list(range(128))
    assert [progress for progress, *_ in found] == pytest.approx([0, 1 / 8, 2 / 8, 3 / 8, 1 / 2, 3 / 4])


def test_a_ratio_says_how_long_the_recipe_as_it_is_takes_to_the_same_accuracy():
    rows = pd.DataFrame(
        [("net", PLAIN, 8.0, 10.0, 0.6, 0.5), ("net", PLAIN, 16.0, 20.0, 0.8, 0.6), ("net", LOOKAHEAD, 8.0, 11.0, 0.7, 0.5)],
        columns=["arch", "trick", "epochs", "seconds", "view_accuracy", "held_out_accuracy"],
    )
    found = table(rows).set_index(["trick", "epochs"])
    assert found.loc[(LOOKAHEAD, 8.0), "ratio_view_accuracy"] == pytest.approx(np.sqrt(2))
    assert found.loc[(LOOKAHEAD, 8.0), "ratio_held_out_accuracy"] == pytest.approx(1)
    assert found.loc[(PLAIN, 16.0), "ratio_view_accuracy"] == pytest.approx(1)
