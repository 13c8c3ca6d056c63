"""An owner's pictures from wherever they lie, and what is odd about them, told in one line."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.cases import owner
from pipeline.cases.case import Model
from pipeline.cases.images import pixel_hashes, read_pictures, resized
from pipeline.cases.references import Training
from pipeline.cases.suspects import zoo_model
from pipeline.cases.suspects.rest import encoded
from pipeline.core.errors import BadInput
from pipeline.core.files import digest
from pipeline.data.images import from_arrays, save_images
from pipeline.models.network import build, predict, save
from tests.casemaking import CLASSES, SOURCE, noise_pictures, references
from tests.making import make_tiny


def folder_of(folder, images, classes=None):
    for place, image in enumerate(images):
        home = folder / (classes[place % len(classes)] if classes else ".")
        home.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(home / f"{place:03d}.png")
    return folder


def test_a_folder_of_pictures_and_of_class_folders_are_read(tmp_path):
    images = noise_pictures(12).images
    plain = read_pictures(str(folder_of(tmp_path / "plain", images)))
    by_class = read_pictures(str(folder_of(tmp_path / "classes", images, ["cat", "<b>dog"])))
    assert np.array_equal(plain.images.images, images) and not plain.labelled and plain.remarks == ()
    assert by_class.labelled and by_class.images.classes == ("<b>dog", "cat") and by_class.images.labels.sum() == 6


def test_a_parquet_file_of_the_hubs_layout_is_read(tmp_path):
    images, names = noise_pictures(10).images, [f"thing {k}" for k in range(CLASSES)]
    rows = {
        "image": [{"bytes": encoded(image, "png"), "path": "x"} for image in images],
        "label": [k % CLASSES for k in range(10)],
    }
    about = json.dumps({"info": {"features": {"label": {"names": names}}}})
    pq.write_table(pa.table(rows).replace_schema_metadata({"huggingface": about}), tmp_path / "train-0.parquet")
    for place in (tmp_path / "train-0.parquet", tmp_path):
        found = read_pictures(str(place))
        assert np.array_equal(found.images.images, images) and found.images.classes == tuple(names) and found.labelled


def test_a_file_of_this_pipeline_is_read(tmp_path):
    save_images(noise_pictures(10), tmp_path / "pool.safetensors")
    assert len(read_pictures(str(tmp_path / "pool.safetensors")).names) == 10


def test_duplicate_and_blank_pictures_are_told_and_left_out(tmp_path):
    images = noise_pictures(12).images.copy()
    images[5], images[7], images[8] = images[2], images[2], 200
    found = read_pictures(str(folder_of(tmp_path / "odd", images)))
    assert len(found.names) == 9 and len(found.remarks) == 2
    assert "2 of 12 pictures are the same as an earlier one and are left out, the first is 005.png" in found.remarks[0]
    assert "1 of 12 pictures are blank and are left out, the first is 008.png" in found.remarks[1]


def test_remarks_on_pictures_are_told_and_committed(tmp_path):
    images = noise_pictures(60)
    images.images[3] = images.images[1]
    told = []
    enrolment = owner.enroll(
        owner.Plan(source=SOURCE, images=images, count=40, references=references(3)), tmp_path / "case", tell=told.append
    )
    assert len(told) == 1 and tuple(told) == enrolment.remarks and enrolment.pool == 59


def test_pictures_of_many_sizes_are_refused_unless_a_size_is_given(tmp_path):
    folder = folder_of(tmp_path / "sizes", noise_pictures(3).images)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 30), np.uint8)).save(folder / "wide.png")
    with pytest.raises(BadInput, match=r"pictures of 2 sizes \(wide.png is not as large as 000.png\); give --size N"):
        read_pictures(str(folder))
    assert read_pictures(str(folder), size=16).images.images.shape == (4, 1, 16, 16)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("absent", "no pictures there"),
        (".", "no pictures in it"),
        ("torchvision:NoSuchSet", "no data set of this name"),
        ("torchvision:transforms", "no data set"),
    ],
)
def test_where_there_are_no_pictures_it_says_what_is_expected(tmp_path, monkeypatch, place, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=says):
        read_pictures(place)


def test_a_picture_that_does_not_open_is_named(tmp_path):
    folder = folder_of(tmp_path / "broken", noise_pictures(3).images)
    (folder / "002.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"002\.png is not a picture"):
        read_pictures(str(folder))


def test_too_few_pictures_are_told(tmp_path):
    with pytest.raises(BadInput, match="30 usable pictures, expected at least 150"):
        owner.enroll(owner.Plan(source=SOURCE, images=noise_pictures(30), references=references(3)), tmp_path / "case")
    with pytest.raises(BadInput, match="pictures that the source labels wrong, expected at least 29"):
        owner.enroll(
            owner.Plan(source=SOURCE, images=noise_pictures(30), references=references(3), count=29, method="source_wrong"),
            tmp_path / "other",
        )


def test_pictures_that_train_references_are_no_probes(tmp_path):
    both = noise_pictures(60)
    with pytest.raises(BadInput, match="60 pictures are in --train-references and in --images"):
        owner.enroll(owner.Plan(source=SOURCE, images=both, train=both, count=30), tmp_path / "case")


def test_pixels_of_another_shape_have_another_hash():
    image = np.arange(24, dtype=np.uint8)
    assert len({pixel_hashes(image.reshape(1, *shape))[0] for shape in ((1, 4, 6), (1, 6, 4), (2, 3, 4))}) == 3


@pytest.mark.parametrize("height", [12, 7])
def test_grey_pictures_become_colour_and_back_and_keep_their_sides(height):
    grey = noise_pictures(2).images[:, :, :height]
    assert resized(grey, None, 3).shape == (2, 3, height, 12)
    assert np.array_equal(resized(resized(grey, None, 3), None, 1), grey)


def test_a_network_of_colour_sees_wide_grey_pictures_as_wide_ones(tmp_path):
    network = build("vgg_slim", make_tiny(6, 0, channels=3), seed=1)
    save(network, tmp_path / "own.safetensors")
    wide = make_tiny(4, seed=2).images[:, :, :12]
    found, _ = zoo_model.answer(Model(text=str(tmp_path / "own.safetensors")), wide)
    assert np.allclose(found, predict(network, np.repeat(wide, 3, axis=1)), atol=1e-5)


def test_wide_pictures_that_train_references_are_not_squashed(tmp_path):
    wide, other = (make_tiny(30, seed, channels) for seed, channels in ((3, 1), (4, 3)))
    train = from_arrays(other.images[:, :, :12], other.labels, other.classes)
    plan = owner.Plan(
        source=lambda images: images.reshape(len(images), -1)[:, :3] / 2,
        images=from_arrays(wide.images[:, :, :12], wide.labels, wide.classes),
        count=25,
        train=train,
        training=Training(archs=("vgg_slim",), each=1, epochs=0.5),
    )
    enrolment = owner.enroll(plan, tmp_path / "case")
    grey = from_arrays(resized(train.images, None, 1), train.labels, train.classes)
    assert grey.images.shape == (30, 1, 12, 16)
    assert enrolment.references[0].trained["images_sha256"] == digest(grey.digest())
