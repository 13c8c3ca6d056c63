"""FER2013 and KDEF: which faces train and which test."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.core.errors import BadInput
from pipeline.data import fer2013, kdef, kdef_by_person, load
from pipeline.data.split import deal
from pipeline.tasks.task import task_part
from tests.imports import ROOT
from tests.test_data import png, write_parquet

REAL = Path(os.environ.get("SAC_DATA", "data"))
TRAIN = kdef.TRAIN


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SAC_DATA", str(tmp_path))
    monkeypatch.setattr(kdef, "SIZE", 8)
    monkeypatch.setattr(kdef, "TRAIN", 20)
    return tmp_path


@pytest.mark.parametrize("name", ["fer2013", "kdef", "kdef_by_person"])
def test_missing_faces_are_one_line_that_says_where_it_looked(name, home):
    with pytest.raises(BadInput, match=f"looked for {home}/.*SAC_DATA") as error:
        load(name)
    assert "\n" not in str(error.value)


def write_fer(home, **parts):
    for part, shades in parts.items():
        pictures = [png(np.full((4, 4), shade, np.uint8)) for shade in shades]
        write_parquet(home / f"fer2013/{part}-00000-of-00001.parquet", pictures, [0] * len(shades))


def test_fer_uses_each_face_once_and_never_tests_on_a_training_face(home):
    write_fer(home, train=[1, 2, 2, 3], test=[4, 3, 5, 5], val=[5, 6, 1])
    train, test = load("fer2013")
    assert train.images[:, 0, 0, 0].tolist() == [1, 2, 3] and test.images[:, 0, 0, 0].tolist() == [4, 5, 6]
    assert test.mean == train.mean == (round(2 / 255, 4),)


def test_fer_does_without_val(home):
    write_fer(home, train=[1, 2], test=[3])
    assert [len(part) for part in load("fer2013")] == [2, 1]


def jpg(shade, size=(8, 10)):
    file = io.BytesIO()
    Image.fromarray(np.full((*size, 3), shade, np.uint8)).save(file, "JPEG", quality=95)
    return file.getvalue()


def write_kdef(home, flat=False, people=("F01", "F02", "M01", "M35")):
    """Two sessions of all emotions and angles; the shade tells which file it is, but for the last digit's rounding."""
    for person in people:
        for session in "AB":
            folder = home / "KDEF" if flat else home / "KDEF" / f"{session}{person}"
            folder.mkdir(parents=True, exist_ok=True)
            for emotion in kdef.EMOTIONS:
                for angle in ("FL", "HL", "S", "HR", "FR"):
                    shade = 100 + 20 * list(kdef.EMOTIONS).index(emotion) + int(person[1:])
                    (folder / f"{session}{person}{emotion}{angle}.JPG").write_bytes(jpg(shade))


def test_kdef_labels_emotions_and_trains_on_so_many_of_each(home):
    write_kdef(home)
    train, test = load("kdef")
    assert train.images.shape == (7 * 20, 3, 8, 8) and test.images.shape == (7 * 20, 3, 8, 8)
    assert train.classes == ("afraid", "angry", "disgusted", "happy", "neutral", "sad", "surprised")
    for part in (train, test):
        assert np.bincount(part.labels).tolist() == [20] * 7
        assert ((part.images[:, 0, 4, 4].astype(int) - 100) // 20 - part.labels).max() <= 1
    assert test.mean == train.mean


def test_kdefs_layout_does_not_matter_and_the_split_repeats(home, tmp_path):
    write_kdef(home / "own")
    write_kdef(home / "flat", flat=True)
    for one, other in zip(kdef.load(home / "own"), kdef.load(home / "flat"), strict=True):
        assert one.digest() == other.digest()


def test_dark_photographs_are_dropped(home):
    write_kdef(home)
    (home / "KDEF/AF01/AF01AFS.JPG").write_bytes(jpg(30))
    (home / "KDEF/AF01/AF01ANS.JPG").write_bytes(jpg(31))
    train, test = load("kdef")
    assert (np.bincount(train.labels) + np.bincount(test.labels)).tolist() == [39] + [40] * 6


def test_the_two_files_that_kdef_itself_misnames_are_known(home):
    write_kdef(home, people=("F31", "M31"))
    os.rename(home / "KDEF/AF31/AF31SAHL.JPG", home / "KDEF/AF31/AF31V.JPG")
    os.rename(home / "KDEF/AM31/AM31SUHR.JPG", home / "KDEF/AM31/AM31H.JPG")
    _, labels, people = kdef.read_photographs(home / "KDEF")
    assert np.bincount(labels).tolist() == [20] * 7 and sorted(set(people)) == ["F31", "M31"]


def test_by_person_nobody_is_on_both_sides(home, monkeypatch):
    write_kdef(home, people=("F01", "F02", "F03", "M01", "M02", "M03", "M04"))
    people = kdef.read_photographs(home / "KDEF")[2]
    masks = []
    monkeypatch.setattr(kdef_by_person, "train_and_rest", lambda images, labels, train: masks.append(train))
    load("kdef_by_person")
    train, test = set(people[masks[0]]), set(people[~masks[0]])
    assert not train & test and train | test == set(people)
    assert sorted(person[0] for person in train) == list("FFMMM") and sorted(person[0] for person in test) == list("FM")


def test_by_person_both_sides_have_every_emotion(home):
    write_kdef(home)
    for part in load("kdef_by_person"):
        assert np.bincount(part.labels).tolist() == [20] * 7


def all_of_kdef(dark):
    """KDEF as `read_photographs` gives it, one pixel a photograph, without those whose numbers are in `dark`."""
    people = [f"{gender}{number:02}" for gender in "FM" for number in range(1, 36)]
    labels, people = np.tile(np.repeat(np.arange(7), 10), 70), np.repeat(people, 70)
    images = np.arange(4900 * 3).astype(np.uint8).reshape(4900, 3, 1, 1)
    return tuple(np.delete(values, dark, axis=0) for values in (images, labels, people))


DARK = {
    "anywhere": np.random.default_rng(0).choice(4900, 12, replace=False),
    "of one emotion": np.flatnonzero(all_of_kdef([])[1] == 3)[:12],
    **{f"of {person}": np.flatnonzero(all_of_kdef([])[2] == person)[:12] for person in np.unique(all_of_kdef([])[2])},
}


@pytest.mark.parametrize("name", ["kdef", "kdef_by_person"])
def test_the_splits_of_kdef_fit_whichever_photographs_are_dark(monkeypatch, name):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(kdef, "TRAIN", TRAIN)
    how = task_part(name, "split")
    left = []
    for dark in DARK.values():
        for package in (kdef, kdef_by_person):
            monkeypatch.setattr(package, "read_photographs", lambda _, dark=dark: all_of_kdef(dark))
        train, test = load(name)
        assert len(train) + len(test) == 4888
        left.append((len(train), len(test)))
        sets, _ = deal(train, test, how)
        assert {part: len(own) for part, own in sets.items()} == how.model_dump(exclude={"seed", "size"})
        for half in ("defender", "attacker"):
            counts = np.bincount(sets[half].labels)
            assert set(counts) == {300} if name == "kdef" else 294 < counts.min() <= counts.max() < 306
    assert set(left) == {(4480, 408)} if name == "kdef" else {(4468, 420), (4480, 408)} <= set(left)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("AF01/AF01XXS.JPG", jpg(90), "AF01XXS.JPG: not a name of KDEF's: expected one like AF01AFS.JPG"),
        ("AF01/FAFS.JPG", jpg(90), "FAFS.JPG: not a name of KDEF's"),
        ("AF01/AF01AFS.JPG", b"no picture", "AF01AFS.JPG is not a picture"),
        ("AF01/AF01AFS.JPG", jpg(90)[:300], "AF01AFS.JPG is not a picture"),
        ("AF02/AF01AFS.jpg", jpg(90), "AF01AFS.jpg: the same photograph as .*AF01AFS.JPG: remove one"),
    ],
)
@pytest.mark.parametrize("name", ["kdef", "kdef_by_person"])
def test_a_file_that_is_not_kdefs_is_named(home, name, file, content, says):
    write_kdef(home)
    (home / "KDEF" / file).write_bytes(content)
    with pytest.raises(BadInput, match=says) as error:
        load(name)
    assert "\n" not in str(error.value)


def test_part_of_kdef_is_refused(home):
    write_kdef(home, people=("F01", "M01"))
    with pytest.raises(BadInput, match="20 afraid faces, expected more than 20"):
        load("kdef")
    with pytest.raises(BadInput, match="1 people, too few"):
        write_kdef(home / "x", people=("F01",))
        kdef_by_person.load(home / "x")


def test_the_real_fer_is_what_its_makers_say():
    if not (REAL / "fer2013").is_dir():
        pytest.skip(f"no {REAL / 'fer2013'}")
    train, test = fer2013.load(REAL)
    assert train.images.shape[1:] == (1, 48, 48) and len(train.classes) == 7
    seen = {image.tobytes() for image in train.images}
    assert len(seen) == len(train) and not seen & {image.tobytes() for image in test.images}
