"""Anybody's images by class: which become test images, their size and channels, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from pipeline.core.errors import BadInput
from pipeline.data.class_folders import LARGEST, is_class_folder, read_class_folders


@pytest.fixture
def pets(tmp_path):
    """Seven pictures of cats and six of dogs, grey squares whose pixels all are their number; and what no picture is."""
    for name, count in (("cats", 7), ("dogs", 6)):
        for number in range(count):
            draw(tmp_path / "pets" / name / f"{number}.png", number)
    (tmp_path / "pets/cats/.hidden.png").write_bytes(b"")
    (tmp_path / "pets/cats/notes.txt").write_text("no picture")
    (tmp_path / "pets/empty").mkdir()
    return tmp_path / "pets"


def draw(file, value, side=20, mode="L"):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (side, side), value if mode == "L" else (value, 0, 0)).save(file)


def test_every_third_picture_of_a_class_is_a_test_image(pets):
    assert is_class_folder(pets)
    train, test = read_class_folders(pets)
    assert train.classes == test.classes == ("cats", "dogs") and train.images.shape == (9, 1, 20, 20)
    assert train.images[:, 0, 0, 0].tolist() == [0, 1, 3, 4, 6, 0, 1, 3, 4] and train.labels.tolist() == [0] * 5 + [1] * 4
    assert test.images[:, 0, 0, 0].tolist() == [2, 5, 2, 5] and test.labels.tolist() == [0, 0, 1, 1]
    assert (train.mean, train.std) == (test.mean, test.std)


def test_parts_of_their_own_are_kept(pets, tmp_path):
    home = tmp_path / "parted"
    for part, count in (("train", 3), ("test", 1)):
        for name in ("cats", "dogs"):
            for number in range(count):
                draw(home / part / name / f"{number}.png", number)
    assert is_class_folder(home) and [len(part) for part in read_class_folders(home)] == [6, 2]
    (home / "test/dogs/0.png").unlink()
    with pytest.raises(BadInput, match=r"parted/test/CLASS with the same classes, found cats, dogs and cats$"):
        read_class_folders(home)


def test_all_become_the_shortest_side_and_coloured_if_one_is(pets):
    draw(pets / "dogs/small.png", 9, side=12, mode="RGB")
    train, _ = read_class_folders(pets)
    assert train.images.shape[1:] == (3, 12, 12)


def test_large_pictures_are_made_smaller(tmp_path):
    for number in range(3):
        draw(tmp_path / "wide" / "one" / f"{number}.png", 5, side=LARGEST + 40)
    train, _ = read_class_folders(tmp_path / "wide")
    assert train.images.shape == (2, 1, LARGEST, LARGEST) and np.all(train.images == 5)


def test_what_is_no_picture_and_a_folder_without_any_are_refused(pets, tmp_path):
    (pets / "cats/6.png").write_bytes(b"no\npicture")
    with pytest.raises(BadInput, match=r"cats/6.png is not a picture \(.*\): repair or remove it"):
        read_class_folders(pets)
    (tmp_path / "nothing").mkdir()
    assert not is_class_folder(tmp_path / "nothing") and not is_class_folder(tmp_path / "missing")
    with pytest.raises(BadInput, match="found none and none"):
        read_class_folders(tmp_path / "nothing")
