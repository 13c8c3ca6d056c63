"""Probes: from the held-out images, uint8, repeatable, and in files that open."""

import numpy as np
import pytest
from PIL import Image

from pipeline.core.errors import BadInput
from pipeline.data.corrupt import CORRUPTIONS, jpeg
from pipeline.data.images import Images
from pipeline.models.network import load, predict, save
from pipeline.probes import methods
from pipeline.probes.augmented import CutMix, cutmix
from pipeline.probes.augmented import Family as Augmented
from pipeline.probes.misclassified import Family as Misclassified
from pipeline.probes.probe_set import DefenderModels, contact_sheet, load_examples, load_facts, load_probes, save_probes
from pipeline.tasks.recipe import Recipe
from pipeline.training.fit import fit_new
from tests.making import make_tiny

AUGMENTED = Augmented(count=12, corruption={"count": 5})


@pytest.fixture(scope="module")
def pool() -> Images:
    return make_tiny(80, seed=7)


@pytest.fixture(scope="module")
def models(tmp_path_factory, tiny) -> DefenderModels:
    """A source and two surrogates that have learned next to nothing, so that they make mistakes."""
    folder = tmp_path_factory.mktemp("models")
    for seed, name in enumerate(("source", "first", "second")):
        save(fit_new("vgg_slim", tiny, Recipe(epochs=1, rate=0.005), seed), folder / name)
    return DefenderModels(folder / "source", (folder / "first", folder / "second"))


@pytest.fixture(scope="module")
def augmented(pool):
    return {probes.method: probes for probes in AUGMENTED(pool, None)}


def test_every_documented_method_is_a_kind():
    assert {"clean", "jpeg", "cutmix", "wrong", "source_wrong", "wrong_jpeg", *CORRUPTIONS} <= set(methods())


def test_augmented_probes_come_from_the_pool_and_repeat(pool, augmented):
    assert tuple(augmented) == Augmented.methods
    again = {probes.method: probes for probes in AUGMENTED(pool, None)}
    for kind, probes in augmented.items():
        assert len(probes) == (12 if kind in ("clean", "jpeg", "cutmix", "cutmix_corner") else 5)
        assert probes.images.dtype == np.uint8 and (probes.images == again[kind].images).all()
        assert (probes.labels == pool.labels[probes.index]).all()
        assert (probes.index == augmented["clean"].index[: len(probes)]).all()
    assert (augmented["clean"].images == pool.images[augmented["clean"].index]).all()
    assert (augmented["jpeg"].images == jpeg(augmented["clean"].images, 25)).all()


def test_another_seed_draws_other_images(pool, augmented):
    other = AUGMENTED.model_copy(update={"seed": 1})(pool, None)[0]
    assert (other.index != augmented["clean"].index).any()


def test_asking_for_more_probes_than_images_says_so(pool):
    with pytest.raises(BadInput, match="100 asked for, pool has 80 images"):
        Augmented(count=100)(pool, None)


@pytest.mark.parametrize(("patch", "shape"), [("plain", (28, 28)), ("corner", (32, 32)), ("corner", (28, 28))])
def test_cutmix_takes_a_box_from_another_probe(patch, shape):
    images = np.repeat(np.arange(1, 31, dtype=np.uint8), shape[0] * shape[1]).reshape(30, 1, *shape)
    mixed = cutmix(images, CutMix(patch=patch), np.random.default_rng(0))
    foreign = mixed != images
    share = foreign.mean(axis=(1, 2, 3))[foreign.any(axis=(1, 2, 3))]
    assert (share == pytest.approx(0.5, abs=0.05)) if patch == "plain" else (0 < share.max() <= 36 / 32**2)
    for image, own in zip(mixed, images, strict=True):
        assert len(np.unique(image)) <= 2 and own[0, 0, 0] in image
        rows, columns = np.nonzero((image != own)[0])
        if len(rows):
            assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    if patch == "corner":
        boxes = {tuple(np.flatnonzero(own[0].any(axis=1))) for own in foreign if own.any()}
        assert len(boxes) == 1


def test_transposed_cutmix_is_cutmix_with_height_and_width_swapped():
    images = np.random.default_rng(0).integers(0, 256, (6, 3, 32, 32), dtype=np.uint8)
    plain, swapped = (cutmix(images, CutMix(transposed=transposed), np.random.default_rng(0)) for transposed in (False, True))
    assert (swapped == plain.transpose(0, 1, 3, 2)).all()


def wrong(model, images, labels):
    return predict(load(model), images).argmax(1) != labels


def test_misclassified_probes_are_what_all_models_get_wrong(pool, models):
    family = Misclassified(count=1000, minimum=1)
    by_kind = {probes.method: probes for probes in family(pool, models)}
    missed = [set(np.flatnonzero(wrong(model, pool.images, pool.labels))) for model in (models.source, *models.surrogates)]
    assert set(by_kind["source_wrong"].index) == missed[0]
    assert set(by_kind["wrong"].index) == set.intersection(*missed)
    assert by_kind["wrong"].facts == {"eligible": len(set.intersection(*missed)), "of": 80}
    compressed = by_kind["wrong_jpeg"]
    assert wrong(models.source, compressed.images, compressed.labels).all()
    assert (compressed.images == jpeg(pool.images, 25)[compressed.index]).all()
    half = Misclassified(count=1000, minimum=1, surrogates_wrong=0.5)(pool, models)[0]
    assert set(half.index) == missed[0] & (missed[1] | missed[2])


def test_too_few_misclassified_images_are_an_error_and_no_shorter_set(pool, models):
    with pytest.raises(BadInput, match=r"\d+ of 80 images qualify as 'wrong', at least 79 are needed"):
        Misclassified(count=79, minimum=79)(pool, models)


def test_misclassified_probes_need_surrogates(pool, models):
    with pytest.raises(BadInput, match="the task has none"):
        Misclassified(count=5, minimum=1)(pool, DefenderModels(models.source))


def test_probes_come_back_from_files_that_open(tmp_path, pool, models):
    sets = Misclassified(count=25, minimum=1)(pool, models)
    save_probes(sets, tmp_path)
    for probes, again in zip(sets, load_probes(tmp_path), strict=True):
        assert (probes.images == again.images).all() and probes.facts == again.facts and probes.method == again.method
        assert all((getattr(probes, name) == getattr(again, name)).all() for name in ("labels", "index", "targets"))
        sheet = np.asarray(Image.open(tmp_path / f"{probes.method}.png"))
        assert (sheet == contact_sheet(probes.images)[0]).all()


def test_the_first_ten_of_each_kind_and_the_facts_lie_apart(tmp_path, pool, models):
    sets = Misclassified(count=25, minimum=1)(pool, models)
    save_probes(sets, tmp_path)
    for probes, examples in zip(sets, load_examples(tmp_path), strict=True):
        assert examples.method == probes.method and (examples.images == probes.images[:10]).all()
    assert load_facts(tmp_path) == {probes.method: {"probes": len(probes), "facts": probes.facts} for probes in sets}


def test_colour_probes_come_back_too(tmp_path):
    sets = Augmented(count=4, corruption={"count": 2})(make_tiny(9, 0, channels=3), None)
    save_probes(sets, tmp_path)
    assert all((a.images == b.images).all() for a, b in zip(sets, load_probes(tmp_path), strict=True))


def test_without_corruptions_the_four_others_are_the_same():
    without, all_of_them = (Augmented(count=4, **more)(make_tiny(9, 0), None) for more in ({"corruption": None}, {}))
    assert [probes.method for probes in without] == ["clean", "jpeg", "cutmix", "cutmix_corner"]
    assert all((a.images == b.images).all() for a, b in zip(without, all_of_them, strict=False))


def test_a_missing_or_broken_probe_file_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"facts\.json: no such file"):
        load_probes(tmp_path)
    save_probes([], tmp_path)
    (tmp_path / "probes.parquet").write_bytes(b"junk")
    with pytest.raises(BadInput, match="damaged"):
        load_probes(tmp_path)


@pytest.mark.parametrize("count", [1, 20, 21])
def test_a_contact_sheet_holds_every_image(count):
    images = np.full((count, 1, 4, 4), 7, np.uint8)
    sheet = contact_sheet(images)
    assert (sheet == 7).sum() == count * 16
