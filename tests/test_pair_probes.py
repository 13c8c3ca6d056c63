"""Face verification's probes against what networks answer: cosines, thresholds and scores are computed here once more."""

from itertools import pairwise

import numpy as np
import pytest

from pipeline.data.corrupt import jpeg
from pipeline.data.images import Images, from_arrays
from pipeline.models.network import clone, embeddings, load, save
from pipeline.probes import fri
from pipeline.probes.face_pairs import Boundary, Conferrable, Family
from pipeline.probes.probe_set import DefenderModels
from pipeline.tasks.recipe import ArcFace, Recipe
from pipeline.tasks.task import Verification
from pipeline.training.fit import fit, fit_new
from pipeline.verification.pairs import calibration_pairs

HOW = Verification(size=16, channels=1, gallery=11, pairs=20, calibration=64)  # thirty-second parts are exact
LEARNS = Recipe(epochs=2, batch=16, rate=0.05, arcface=ArcFace(margin=0.1, scale=8))
IMITATES = Recipe(epochs=2, batch=16, rate=0.05, imitates_embeddings=True)
FAMILY = Family(
    count=100,
    minimum=1,
    pairs=200,
    moved=100,
    quality=10,
    boundary=Boundary(k=0.1, rate=0.005, steps=80),
    conferrable=Conferrable(epsilon=0.1, rate=0.02, steps=15, threshold=0.0),
)


def people(seed: int, count: int, pictures: int = 8, channels: int = 1) -> Images:
    """So many pictures of everybody: a pattern of his own under much noise."""
    draw = np.random.default_rng(seed)
    patterns = draw.integers(0, 256, (count, channels, 4, 4)).repeat(4, 2).repeat(4, 3).repeat(pictures, 0)
    pixels = (patterns + draw.normal(0, 120, patterns.shape)).clip(0, 255).astype(np.uint8)
    return from_arrays(pixels, np.arange(count).repeat(pictures), tuple(f"{seed}-{person}" for person in range(count)))


@pytest.fixture(scope="module")
def pool() -> Images:
    return people(3, 8)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> DefenderModels:
    """A source, surrogates that begin as it and imitate it, and references that learned by themselves."""
    folder, arch, query = tmp_path_factory.mktemp("models"), "face_resnet18_slim", people(1, 12)
    source = fit_new(arch, people(0, 12), LEARNS, seed=0)
    lesson = embeddings(source, query.images)
    save(source, folder / "source")
    for seed in (1, 2):
        save(fit(clone(source), query, IMITATES, seed, answers=lesson), folder / f"surrogate{seed}")
        save(fit_new(arch, query, LEARNS, seed), folder / f"reference{seed}")
    surrogates, references = (tuple(folder / f"{kind}{seed}" for seed in (1, 2)) for kind in ("surrogate", "reference"))
    return DefenderModels(folder / "source", surrogates, references, people(2, 8), HOW)


def made(family, pool, models):
    return {probes.method: probes for probes in family(pool, models)}


@pytest.fixture(scope="module")
def sets(pool, models):
    return made(FAMILY, pool, models)


@pytest.fixture(scope="module", params=[0.5, 1.0])
def strict(request, pool, models):
    """Less compressed, nearer to the threshold, and accepted by a stricter score."""
    near, score = FAMILY.boundary.model_copy(update={"k": 0.02}), {"threshold": request.param}
    return request.param, made(
        FAMILY.model_copy(update={"quality": 40, "boundary": near, "conferrable": FAMILY.conferrable.model_copy(update=score)}),
        pool,
        models,
    )


def equal_errors(scores, same):
    """Halfway between the first score that refuses as large a share wrongly as it accepts, and the one before."""
    for before, score in pairwise(sorted(set(scores.tolist()))):
        if (scores[same] < score).mean() >= (scores[~same] >= score).mean():
            return (before + score) / 2
    raise AssertionError("scores whose errors are never equal")


def margins(path, models, probes, images):
    """How far the cosines of `images` and the second pictures lie on the right side of the network's own threshold."""
    network, pairs = load(path), calibration_pairs(models.calibration, HOW)

    def cosines(first, second):
        return (embeddings(network, first) * embeddings(network, second)).sum(axis=1)

    threshold = equal_errors(cosines(pairs.images[pairs.first], pairs.images[pairs.second]), pairs.same)
    return np.where(probes.labels == 1, 1, -1) * (cosines(images, probes.gallery[probes.beside[:, 0]]) - threshold)


def mistakes(paths, models, probes):
    """The share (P,) of the networks that answer a pair wrong."""
    return np.mean([margins(path, models, probes, probes.images) < 0 for path in paths], axis=0)


@pytest.mark.parametrize("quality", [10, 40])
@pytest.mark.parametrize("swapped", [False, True])
def test_every_target_but_the_clean_ones_is_compressed_at_the_quality_asked_for(quality, swapped):
    pool = people(4, 3, pictures=52, channels=3)
    family = fri.Family(count=24, minimum=1, quality=quality, swapped=swapped)
    found = made(family, pool, DefenderModels(None, verification=HOW))
    clean, compressed = found.pop("fri_clean"), found["fri"]
    assert (compressed.index == clean.index).all() and (clean.images == pool.images[clean.index]).all()
    assert {"fri", "fri_5", "fri_10"} <= set(found)
    for probes in found.values():
        originals = pool.images[probes.index]
        assert (probes.images == jpeg(originals, quality, swapped)).all()
        assert (probes.images != originals).any(axis=(1, 2, 3)).all()


def test_wrong_pairs_are_those_that_the_source_gets_wrong_once_compressed(sets, strict, pool, models):
    for quality, probes in ((10, sets["wrong_pairs_jpeg"]), (40, strict[1]["wrong_pairs_jpeg"])):
        originals = pool.images[probes.index]
        assert (probes.images == jpeg(originals, quality)).all() and (probes.images != originals).any(axis=(1, 2, 3)).all()
        assert mistakes([models.source], models, probes).all() and probes.facts["eligible"] == len(probes) < 200
        assert (margins(models.source, models, probes, originals) > 0).any()


def test_points_near_the_boundary_lie_k_beyond_the_sources_threshold(sets, strict, pool, models):
    beyond = []
    for k, probes in ((0.1, sets["ipguard_pairs"]), (0.02, strict[1]["ipguard_pairs"])):
        assert (margins(models.source, models, probes, pool.images[probes.index]) > 0).all()
        beyond.append(-margins(models.source, models, probes, probes.images))
        assert beyond[-1].min() > k - 0.02 and k < beyond[-1].mean() < k + 0.03
    assert beyond[0].mean() - beyond[1].mean() == pytest.approx(0.08, abs=0.02)


def test_conferrable_pairs_turn_source_and_surrogates_and_leave_references_as_they_were(sets, pool, models):
    probes = sets["cae_pairs"]

    def change(paths):
        return np.mean(
            [
                margins(path, models, probes, probes.images) - margins(path, models, probes, pool.images[probes.index])
                for path in paths
            ]
        )

    assert change([models.source]) < -0.2 and change(models.surrogates) < -0.2 and abs(change(models.references)) < 0.04


def test_a_pair_is_accepted_if_it_fools_the_source_and_enough_surrogates_and_not_the_references(sets, strict, models):
    tried, (threshold, found) = sets["cae_pairs"], strict
    assert mistakes([models.source], models, tried).all() and tried.facts["eligible"] == len(tried) < tried.facts["of"]
    accepted = mistakes(models.surrogates, models, tried) * (1 - mistakes(models.references, models, tried)) >= threshold
    assert 0 < accepted.sum() < len(tried)
    for name in ("index", "images", "labels"):
        assert np.array_equal(getattr(found["cae_pairs"], name), getattr(tried, name)[accepted])
