"""Data sets, splits and corruptions."""

import gzip
import io
import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.core.errors import BadInput
from pipeline.core.names import known
from pipeline.data import corrupt, folders, load
from pipeline.data.images import Images, load_images, save_images
from pipeline.data.pictures import read_picture
from pipeline.data.resize import resized
from pipeline.data.split import corrupted, deal, stratified
from pipeline.tasks.task import Corrupted, Split
from pipeline.wiring.sizes import image_set
from stages.cli import sac
from tests import scratch
from tests.making import make_tiny


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def write_parquet(path, pictures, labels, names=("a", "b"), columns=("image", "label")):
    about = {"info": {"features": {columns[1]: {"_type": "ClassLabel", "names": list(names)}}}}
    rows = pa.table({columns[0]: [{"bytes": data, "path": None} for data in pictures], columns[1]: labels})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows.replace_schema_metadata({"huggingface": json.dumps(about)}), path)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)


def test_a_parquet_folder_reads_back_pixel_for_pixel(tmp_path, pictures):
    for split in ("train", "test"):
        write_parquet(tmp_path / f"cifar10/{split}-00000-of-00001.parquet", map(png, pictures), [0, 1] * 3)
    folders_found = folders.train_and_test(tmp_path / "cifar10", None, "")
    for half in folders_found:
        assert (half.images == pictures.transpose(0, 3, 1, 2)).all()
        assert half.labels.tolist() == [0, 1] * 3 and half.classes == ("a", "b")
    pixels = pictures.reshape(-1, 3) / 255
    assert folders_found[0].mean == pytest.approx(tuple(pixels.mean(0)), abs=1e-4)
    assert folders_found[1].std == pytest.approx(tuple(pixels.std(0)), abs=1e-4)


def test_the_hubs_own_column_names_are_read(tmp_path, pictures):
    write_parquet(tmp_path / "x.parquet", map(png, pictures), [0, 1] * 3, columns=("img", "fine_label"))
    assert len(folders.read_parquet([tmp_path / "x.parquet"])) == 6


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (b"no picture", "row 2 is not a picture"),
        (png(np.zeros((9, 9), np.uint8)), "row 2 is"),
    ],
)
def test_a_broken_picture_is_named_by_its_row(tmp_path, pictures, broken, says):
    write_parquet(tmp_path / "x.parquet", [png(pictures[0]), png(pictures[1]), broken], [0, 1, 0])
    with pytest.raises(BadInput, match=says):
        folders.read_parquet([tmp_path / "x.parquet"])


def test_a_grey_picture_of_a_coloured_set_becomes_three_equal_channels(tmp_path, pictures):
    grey = pictures[..., 0]
    for place in (0, 2):
        row = [png(grey[0]) if place == row else png(pictures[row]) for row in range(3)]
        write_parquet(tmp_path / "x.parquet", row, [0, 1, 0])
        images = folders.read_parquet([tmp_path / "x.parquet"]).images
        assert images.shape == (3, 3, 8, 8) and images.flags.c_contiguous
        assert (images[place] == grey[0]).all() and (images[1] == pictures[1].transpose(2, 0, 1)).all()


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"junk")
    with pytest.raises(BadInput, match="not a Hugging Face image folder"):
        folders.read_parquet([tmp_path / "x.parquet"])


def write_idx(path, values):
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(header + values.astype(np.uint8).tobytes()))


def test_idx_files_read_back(tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 28, 28))
    for part in ("train", "t10k"):
        write_idx(tmp_path / f"fashion_mnist/{part}-images-idx3-ubyte.gz", pixels)
        write_idx(tmp_path / f"fashion_mnist/{part}-labels-idx1-ubyte.gz", np.arange(5))
    monkeypatch.setenv("SAC_DATA", str(tmp_path))
    train, test = load("fashion_mnist")
    assert (train.images[:, 0] == pixels).all() and test.labels.tolist() == [0, 1, 2, 3, 4]


def test_a_broken_idx_file_says_what_it_found(tmp_path):
    write_idx(tmp_path / "images.gz", np.zeros((2, 3)))
    with pytest.raises(BadInput, match="starts with 00000802, expected 00000803"):
        folders.read_idx(tmp_path / "images.gz", tmp_path / "images.gz", ("a",))


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "cifar100_first10", "tiny_imagenet_first100", "tiny_imagenet_rest100"])
def test_missing_data_is_one_line_that_says_where_it_looked(name, tmp_path, monkeypatch):
    monkeypatch.setenv("SAC_DATA", str(tmp_path))
    monkeypatch.setenv("SAC_DOWNLOAD", "0")
    with pytest.raises(BadInput, match=f"looked for {tmp_path}/.*SAC_DATA") as error:
        load(name)
    assert "\n" not in str(error.value)


def test_the_two_halves_of_tiny_imagenet_come_from_one_folder(tmp_path, monkeypatch):
    names = [f"n{label}" for label in range(200)]
    grey = png(np.zeros((4, 4), np.uint8))
    for split in ("train", "valid"):
        write_parquet(tmp_path / f"tiny_imagenet/{split}-0.parquet", [grey] * 4, [0, 99, 100, 199], names)
    monkeypatch.setenv("SAC_DATA", str(tmp_path))
    first, rest = load("tiny_imagenet_first100")[0], load("tiny_imagenet_rest100")[0]
    assert first.labels.tolist() == rest.labels.tolist() == [0, 99]
    assert first.classes == tuple(names[:100]) and rest.classes == tuple(names[100:])


def test_the_embedded_sets_are_balanced_and_what_the_readme_says():
    train, test = load("fashion_mini")
    assert (len(train), len(test), train.images.shape[1:]) == (5000, 4000, (1, 28, 28))
    assert set(np.bincount(train.labels)) == {500} and set(np.bincount(test.labels)) == {400}
    assert [len(half) for half in load("digits")] == [1200, 597]


def test_every_data_set_is_found_by_its_name():
    assert {"digits", "fashion_mini", "fashion_mnist", "cifar10", "cifar100_first10"} <= set(known("data"))


@given(st.lists(st.integers(1, 25), min_size=1, max_size=4), st.integers(0, 99), st.integers(2, 5))
def test_stratified_sets_are_disjoint_and_balanced(counts, seed, classes):
    labels = np.random.default_rng(seed).integers(0, classes, 120)
    shares = stratified(labels, counts, classes, seed, "training")
    together = np.concatenate(shares)
    assert [len(share) for share in shares] == counts and len(set(together)) == len(together)
    for count, share in zip(counts, shares, strict=True):
        exact = np.bincount(labels, minlength=classes) * count / 120
        assert np.abs(np.bincount(labels[share], minlength=classes) - exact).max() < len(counts) + 1


def test_the_five_sets_are_disjoint_and_repeat_by_seed():
    train, test = make_tiny(90, 0), make_tiny(60, 1)
    how = Split(defender=30, attacker=30, query=15, pool=30, accuracy=12, seed=4)
    sets, indices = deal(train, test, how)
    assert len(set(np.concatenate([indices[name] for name in ("defender", "attacker", "query")]))) == 75
    assert len(set(np.concatenate([indices[name] for name in ("pool", "accuracy")]))) == 42
    assert all(
        (sets[name].images == (test if name in ("pool", "accuracy") else train).images[indices[name]]).all() for name in sets
    )
    assert all((indices[name] == again).all() for name, again in deal(train, test, how)[1].items())


def test_asking_for_more_images_than_there_are_says_so():
    with pytest.raises(BadInput, match=r"130 training images asked for \(100 \+ 30\), the data set has 120"):
        stratified(np.zeros(120, int), [100, 30], 1, 0, "training")


def test_images_come_back_from_their_file_and_the_same_bytes_twice(tmp_path, tiny):
    save_images(tiny, tmp_path / "1/owner/task.safetensors")
    save_images(tiny, tmp_path / "2/owner/task.safetensors")
    again = load_images(tmp_path / "1/owner/task.safetensors")
    assert (again.images == tiny.images).all() and again.digest() == tiny.digest()
    assert (tmp_path / "1/owner/task.safetensors").read_bytes() == (tmp_path / "2/owner/task.safetensors").read_bytes()


@pytest.mark.parametrize("content", [b"", b"junk" * 20, None])
def test_a_broken_image_file_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(BadInput, match=r"x\.safetensors"):
        load_images(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((2, 1, 4, 4), np.float32), np.zeros(2, np.int64)),
        (np.zeros((2, 4, 4), np.uint8), np.zeros(2, np.int64)),
        (np.zeros((2, 1, 4, 4), np.uint8), np.zeros(3, np.int64)),
        (np.zeros((2, 1, 4, 4), np.uint8), np.array([0, 2])),
    ],
)
def test_images_of_the_wrong_form_are_refused(images, labels):
    with pytest.raises(BadInput):
        Images(images, labels, ("a", "b"), (0.5,), (0.5,))


@pytest.mark.parametrize("name", corrupt.CORRUPTIONS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 16, 16), (3, 48, 48)])
def test_corruptions_keep_the_form_change_the_pixels_and_repeat(name, shape):
    images = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    once, again = corrupt.corrupt(images, name, 3, 7), corrupt.corrupt(images, name, 3, 7)
    assert once.shape == images.shape and once.dtype == np.uint8
    assert (once == again).all() and (once != images).any()


def test_corrupting_leaves_the_global_generator_as_it_was():
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    corrupt.corrupt(np.zeros((1, 3, 32, 32), np.uint8), "gaussian_noise", 1, 0)
    assert np.random.random() == expected


def test_padding_is_undone():
    image = np.random.default_rng(0).integers(0, 256, (1, 28, 27), dtype=np.uint8)
    assert corrupt.padded(image).shape == (32, 32, 3)
    assert (corrupt.unpadded(corrupt.padded(image), image.shape) == image).all()


def test_jpeg_is_pillows_at_that_quality():
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 20, 20), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(images[1].transpose(1, 2, 0)).save(file, "JPEG", quality=25)
    assert (corrupt.jpeg(images, 25)[1] == np.asarray(Image.open(file)).transpose(2, 0, 1)).all()
    assert (corrupt.jpeg(images, 25, swapped=True)[:, ::-1] == corrupt.jpeg(images[:, ::-1].copy(), 25)).all()


def test_jpeg_is_the_same_as_the_corruption_of_the_library():
    from imagecorruptions import corrupt as theirs

    image = np.random.default_rng(0).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    expected = theirs(image.transpose(1, 2, 0), 4, "jpeg_compression")
    assert (corrupt.corrupt(image[None], "jpeg", 4, 0)[0] == expected.transpose(2, 0, 1)).all()


def test_the_corrupted_half_keeps_labels_and_uses_every_corruption(tiny):
    changed = corrupted(tiny, Corrupted(severity=5), seed=0)
    assert (changed.labels == tiny.labels).all() and changed.mean == tiny.mean
    assert (changed.images != tiny.images).any(axis=(1, 2, 3)).mean() > 0.9


def test_resizing_turns_colour_to_grey_and_back():
    colour = resized(make_tiny(4, 0, channels=3), channels=1, size=28)
    assert colour.images.shape == (4, 1, 28, 28) and len(colour.mean) == 1
    assert resized(colour, channels=3, size=8).images.shape == (4, 3, 8, 8)


def test_a_split_that_names_a_size_deals_out_the_same_images_smaller(tmp_path, monkeypatch):
    """Every set, the other data set too, which follows the task's; what is dealt to whom stays."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAC_DATA", str(tmp_path))
    params = scratch.tiny_params()
    params["task"][scratch.TASK]["corrupted"] = None
    words = next(args for name, _, args in scratch.stages() if name == "split")
    found = {}
    for size in (None, 8):
        params["task"][scratch.TASK]["split"] = scratch.CHANGES["split"] | {"size": size}
        scratch.write_params(tmp_path, params)
        done = CliRunner().invoke(sac, words)
        assert done.exit_code == 0, done.output
        files = sorted(tmp_path.glob("artifacts/**/*.safetensors"))
        found[size] = {file.relative_to(tmp_path): load_images(file) for file in files}
    whole, small = found[None], found[8]
    assert whole.keys() == small.keys() and {part.images.shape[1:] for part in small.values()} == {(1, 8, 8)}
    for name, part in small.items():
        assert (part.labels == whole[name].labels).all()
    dealt = next(name for name in small if name.match("defender/task.safetensors"))
    again = resized(whole[dealt], 1, 8)
    assert (small[dealt].images == again.images).all() and small[dealt].mean == whole[dealt].mean


@pytest.mark.parametrize(
    "read",
    [
        lambda file: folders.read_parquet([file]),
        lambda file: folders.read_idx(file, file, ()),
        lambda file: read_picture(file, "a picture"),
    ],
    ids=["parquet", "idx", "picture"],
)
def test_a_pipe_is_refused_and_never_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="not a regular file"):
        read(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("data", "whole"),
    [("fashion_mini", "fashion_mnist"), ("cifar100_first10", "cifar100"), ("cifar10", "cifar10"), ("my_folder", "my_folder")],
)
def test_a_part_of_a_larger_image_set_shares_its_images(data, whole):
    assert image_set(data) == whole
