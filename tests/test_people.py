"""Sets of people: Parquet, folders and RecordIO packs, and who is dealt to whom."""

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import BadInput
from pipeline.core.names import known, module
from pipeline.data.images import Images
from pipeline.data.pictures import square
from pipeline.people import load, reading, recordio
from pipeline.people.dealing import COMPARED, LEARNED, deal_people
from pipeline.tasks.task import PeopleSplit
from tests.test_data import png, write_parquet

REAL = Path(os.environ.get("SAC_DATA", "data"))
MAGIC = 0xCED7230A
GROUPS = (*LEARNED, *COMPARED)
SHADES = {"ann": (200, 210, 220), "bob": (10, 20), "cid": (100,)}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SAC_DATA", str(tmp_path))
    return tmp_path


def plain(shade, size=(6, 6)):
    return np.full(size, shade, np.uint8)


def packed(flag, label, labels=(), picture=b""):
    return struct.pack("<IfQQ", flag, label, 7, 0) + struct.pack(f"<{len(labels)}f", *labels) + picture


def part(data, kind=0, magic=MAGIC):
    return struct.pack("<II", magic, kind << 29 | len(data)) + data + b"\0" * (-len(data) % 4)


def write_pack(folder, records):
    """train.rec and train.idx of records (number, bytes as they stand in the file)."""
    folder.mkdir(exist_ok=True)
    lines, place = [], 0
    with (folder / "train.rec").open("wb") as file:
        for number, data in records:
            lines.append(f"{number}\t{place}\n")
            place += file.write(data)
    (folder / "train.idx").write_text("".join(lines))


def listed(people=SHADES):
    """The records of a pack as InsightFace's: pictures from 1 on, then one record for each person, then nothing."""
    pictures = [png(plain(shade)) for shades in people.values() for shade in shades]
    ends = np.cumsum([1, *map(len, people.values())]).tolist()
    first = len(pictures) + 1
    return [
        (0, part(packed(2, 0, (first, first + len(people))))),
        *((number, part(packed(0, 5, (), data))) for number, data in enumerate(pictures, 1)),
        *((first + place, part(packed(2, 0, ends[place : place + 2]))) for place in range(len(people))),
    ]


def unlisted(people=SHADES, labels=()):
    return [
        (number, part(packed(len(labels), person, (person, *labels[1:]) if labels else (), png(plain(shade)))))
        for number, (person, shade) in enumerate(
            (person, shade) for person, shades in enumerate(people.values()) for shade in shades
        )
    ]


def write_folders(folder, people=SHADES, suffix=".png"):
    for name, shades in people.items():
        (folder / name).mkdir(parents=True)
        for place, shade in enumerate(shades):
            (folder / name / f"{place}{suffix}").write_bytes(png(plain(shade)))


def write_set(name, home):
    """SHADES in the layout of the set `name`."""
    if name in ("ms1mv2", "casia_webface"):
        write_pack(home / name, listed())
    elif name == "faces_folder":
        write_folders(home / name)
    else:
        labels = [person for person, shades in enumerate(SHADES.values()) for _ in shades]
        write_parquet(
            home / name / "all-00000-of-00001.parquet",
            [png(plain(shade)) for shades in SHADES.values() for shade in shades],
            labels,
            tuple(SHADES),
        )


@pytest.mark.parametrize("name", known("people"))
def test_every_set_gives_everybody_squared_and_labelled_by_person(name, home):
    write_set(name, home)
    for channels in (1, 3):
        faces = load(name, 5, channels)
        assert faces.images.shape == (6, channels, 5, 5)
        assert faces.images[:, :, 2, 2].T.tolist() == [[200, 210, 220, 10, 20, 100]] * channels
        assert faces.labels.tolist() == [0, 0, 0, 1, 1, 2]
        assert faces.classes == (("0", "1", "2") if "train.rec" in os.listdir(home / name) else ("ann", "bob", "cid"))
        assert faces.mean == faces.std == (0.5,) * channels
    assert module("people", name).__doc__


@pytest.mark.parametrize("name", known("people"))
def test_the_people_with_the_most_pictures_are_chosen_and_keep_their_order(name, home):
    write_set(name, home)
    assert load(name, 4, 1, most=2).labels.tolist() == [0, 0, 0, 1, 1]
    assert load(name, 4, 1, most=1).images[:, 0, 0, 0].tolist() == [200, 210, 220]
    assert len(load(name, 4, 1, most=9)) == 6


@pytest.mark.parametrize("name", known("people"))
def test_a_missing_set_is_one_line_that_says_where_it_looked(name, home):
    with pytest.raises(BadInput, match=f"looked for {home}/{name}/.*SAC_DATA") as error:
        load(name, 4, 1)
    assert "\n" not in str(error.value)


def test_an_unknown_set_is_refused_with_the_nearest_name():
    with pytest.raises(BadInput, match="did you mean 'lfw'"):
        load("lwf", 4, 1)


@pytest.mark.parametrize("asked", [(0, 1, None), (4, 2, None), (4, 1, 0)])
def test_sizes_channels_and_numbers_that_make_no_faces_are_refused(home, asked):
    write_set("faces_folder", home)
    with pytest.raises(BadInput, match="expected 1 or more pixels, 1 or 3 channels"):
        load("faces_folder", *asked)


def test_lfw_and_orl_are_read_from_their_own_folders_too(home):
    write_folders(home / "lfw", suffix=".jpg")
    write_folders(home / "orl_faces", suffix=".pgm")
    assert load("lfw", 4, 3).classes == load("orl_faces", 4, 1).classes == ("ann", "bob", "cid")


def test_only_the_centre_of_lfws_photographs_is_used(home):
    photograph = plain(0, (250, 250))
    photograph[61:189, 61:189] = 90
    (home / "lfw/ann").mkdir(parents=True)
    (home / "lfw/ann/1.png").write_bytes(png(photograph))
    assert (load("lfw", 16, 1).images == 90).all()


def test_a_crop_leaves_a_shorter_side_whole():
    picture = np.zeros((4, 10), np.uint8)
    picture[:, 2:8] = 50
    assert (square(io.BytesIO(png(picture)), 6, 1, "", crop=6) == 50).all()


def test_grey_and_colour_mix_by_luma(home):
    colour = np.zeros((6, 6, 3), np.uint8)
    colour[:] = 200, 100, 50
    for name, pixels in (("1", plain(80)), ("2", colour)):
        (home / "faces_folder/ann").mkdir(parents=True, exist_ok=True)
        (home / f"faces_folder/ann/{name}.PNG").write_bytes(png(pixels))
    assert load("faces_folder", 3, 3).images[:, :, 1, 1].tolist() == [[80, 80, 80], [200, 100, 50]]
    luma = 0.299 * 200 + 0.587 * 100 + 0.114 * 50
    assert load("faces_folder", 3, 1).images[:, 0, 1, 1].tolist() == [80, round(luma)]


def test_what_is_no_picture_of_anybody_is_passed_over(home):
    write_folders(home / "faces_folder")
    for name in ("notes.txt", "ann/._0.png", "ann/notes.txt", ".trash/x.png", "dora/notes.txt"):
        (home / "faces_folder" / name).parent.mkdir(exist_ok=True)
        (home / "faces_folder" / name).write_bytes(b"no picture")
    assert load("faces_folder", 4, 1).classes == tuple(SHADES)


def test_a_set_of_nobody_is_refused(home):
    (home / "faces_folder/ann").mkdir(parents=True)
    with pytest.raises(BadInput, match="nobody in it has a picture"):
        load("faces_folder", 4, 1)


@pytest.mark.parametrize("broken", [b"", b"no picture", png(plain(9))[:45], png(plain(9))[:30]])
def test_a_broken_picture_is_named(home, broken):
    write_folders(home / "faces_folder")
    (home / "faces_folder/bob/1.png").write_bytes(broken)
    with pytest.raises(BadInput, match=r"bob/1\.png is not a picture.*repair or remove it") as error:
        load("faces_folder", 4, 1)
    assert "\n" not in str(error.value)
    write_parquet(home / "lfw/all-0.parquet", [png(plain(1)), broken], [0, 0])
    with pytest.raises(BadInput, match="lfw: row 1 is not a picture"):
        load("lfw", 4, 1)


@pytest.mark.parametrize(
    ("labels", "says"),
    [([0, -1], r"lie in 0\.\.1, found -1\.\.0"), ([0, 2], r"found 0\.\.2"), ([0, None], "whole numbers in column label")],
)
def test_labels_that_name_nobody_are_refused(home, labels, says):
    write_parquet(home / "lfw/all-0.parquet", [png(plain(1))] * 2, labels)
    with pytest.raises(BadInput, match=says):
        load("lfw", 4, 1)


def test_too_many_pictures_for_the_memory_are_refused(home, monkeypatch):
    write_folders(home / "faces_folder")

    def full(*_):
        raise MemoryError

    monkeypatch.setattr(reading.np, "empty", full)
    with pytest.raises(BadInput, match=r"6 pictures of 4 x 4 do not fit.*`most`, now everybody"):
        load("faces_folder", 4, 1)


def test_a_record_cut_at_the_magic_number_is_put_together_again(home):
    data = packed(0, 0, (), b"before" + struct.pack("<I", MAGIC) + b"mid" + struct.pack("<I", MAGIC) + b"end")
    write_pack(
        home / "x",
        [
            (
                0,
                b"".join(
                    part(piece, kind) for piece, kind in zip(data.split(struct.pack("<I", MAGIC)), (1, 2, 3), strict=True)
                ),
            ),
            (1, part(packed(3, 0, (4, 5, 6)))),
        ],
    )
    with (home / "x/train.rec").open("rb") as file:
        pack = recordio.Pack(home / "x/train.rec", file, recordio.read_starts(home / "x/train.idx"))
        assert pack.record(0) == ((0,), data[24:])
        assert pack.record(1) == ((4, 5, 6), b"")


@pytest.mark.parametrize("labels", [(), (0, 1)])
def test_a_pack_that_lists_nobody_is_read_by_its_pictures_labels(home, labels):
    write_pack(home / "ms1mv2", unlisted(labels=labels)[::-1])
    faces = load("ms1mv2", 4, 1)
    assert faces.classes == ("0", "1", "2") and sorted(faces.images[:3, 0, 0, 0]) == [200, 210, 220]
    assert faces.labels.tolist() == [0, 0, 0, 1, 1, 2]


def test_pictures_of_others_are_not_decoded(home):
    records = listed()
    records[4] = (4, part(packed(0, 1, (), b"no picture")))
    write_pack(home / "ms1mv2", records)
    assert len(load("ms1mv2", 4, 1, most=1)) == 3
    with pytest.raises(BadInput, match=r"train\.rec: record 4 is not a picture"):
        load("ms1mv2", 4, 1)


def replaced(number, data):
    return [(own, data if own == number else record) for own, record in listed()]


@pytest.mark.parametrize(
    ("records", "says"),
    [
        (replaced(2, part(packed(0, 0), magic=1)), "record 2: starts with 01000000 and kind 0, expected 0a23d7ce"),
        (replaced(2, part(packed(0, 0), kind=2)), "record 2: starts with .* kind 2"),
        (replaced(2, part(packed(0, 0), kind=1)), "record 2: starts with .* kind 0"),
        (replaced(9, part(packed(2, 0, (6, 7)))[:-3]), "record 9: starts at byte .* but the file ends after"),
        (replaced(9, part(packed(2, 0, (6, 9)))), "record 9: expected .* up to 7, found labels 6.0 9.0"),
        (replaced(9, part(packed(0, 6))), "record 9: expected .* found labels 6.0"),
        (replaced(9, part(packed(2, 0, (float("nan"), 7)))), "record 9: expected .* found labels nan"),
        (replaced(9, part(b"short")), "record 9: 5 bytes are too few for its labels"),
        (replaced(9, part(packed(2**32 - 1, 0))), "record 9: 24 bytes are too few for its labels"),
        (replaced(0, part(packed(2, 0, (7, 12)))), "record 0: expected .* up to 10, found labels 7.0 12.0"),
        (replaced(0, part(packed(2, 0, (7, float("inf"))))), "record 0: expected .* found labels 7.0 inf"),
        ([record for record in listed() if record[0] != 8], "record 8: train.idx does not list it"),
        ([record for record in listed() if record[0] != 3], "record 3: train.idx does not list it"),
        ([(0, part(packed(0, 0.5, (), b"")))], "record 0: its label is 0.5"),
    ],
)
def test_a_broken_pack_is_refused_by_file_and_record(home, records, says):
    write_pack(home / "ms1mv2", records)
    with pytest.raises(BadInput, match=f"ms1mv2/train.rec: {says}") as error:
        load("ms1mv2", 4, 1)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "index", ["", "junk", "0\n1\n", "0\t0\t0\n", "0\t0\n0\t9\n", "0\t-5\n", "0\tx\n", "0\t99999999999999999999\n"]
)
def test_a_broken_index_is_refused(home, index):
    write_pack(home / "ms1mv2", listed())
    (home / "ms1mv2/train.idx").write_text(index)
    with pytest.raises(BadInput, match=r"train\.idx: expected"):
        load("ms1mv2", 4, 1)


def test_an_index_beyond_the_end_is_refused(home):
    write_pack(home / "ms1mv2", listed())
    index = (home / "ms1mv2/train.idx").read_text().replace("2\t", "2\t99", 1)
    (home / "ms1mv2/train.idx").write_text(index)
    with pytest.raises(BadInput, match=r"record 2: starts at byte 99\d+, but the file ends after"):
        load("ms1mv2", 4, 1)


@given(st.integers(0, 5000), st.integers(1, 255), st.sampled_from(["train.rec", "train.idx"]))
def test_a_pack_with_any_byte_changed_is_read_or_refused(tmp_path_factory, place, change, name):
    home = tmp_path_factory.mktemp("fuzz")
    write_pack(home, listed())
    data = bytearray((home / name).read_bytes())
    data[place % len(data)] ^= change
    (home / name).write_bytes(data)
    try:
        assert len(recordio.read_pack(home, 4, 1, None)) <= 6
    except BadInput as error:
        assert str(home) in str(error) and "\n" not in str(error)


def faces_of(counts):
    """Faces of people with so many pictures each, in a mixed order; each picture tells its person and its place."""
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    pixels = np.stack([labels, np.arange(len(labels)) % 256], axis=1).astype(np.uint8)
    return Images(pixels.reshape(-1, 1, 1, 2), labels, tuple(f"p{person}" for person in range(len(counts))), (0.5,), (0.5,))


ASKED = st.fixed_dictionaries(
    {name: st.integers(1, 4) for name in GROUPS}
    | {
        "probe_people": st.integers(1, 5),
        "gallery": st.integers(1, 8),
        "least_images": st.integers(2, 4),
        "seed": st.integers(0, 9),
    }
)


@given(st.lists(st.integers(0, 12), min_size=8, max_size=60), ASKED)
def test_people_are_dealt_to_disjoint_groups_of_the_size_asked_for(counts, asked):
    faces, how, counts = faces_of(counts), PeopleSplit(**asked), np.array(counts)
    probes = min(how.probe_people, (counts > how.gallery).sum())
    needed = {"probe": how.gallery + 1, **dict.fromkeys(LEARNED, how.least_images), **dict.fromkeys(COMPARED, 2)}
    try:
        sets, indices = deal_people(faces, how)
    except BadInput:
        few = (counts >= how.least_images).sum() < probes + sum(asked[name] for name in LEARNED)
        assert not probes or few or (counts >= 2).sum() < probes + sum(asked[name] for name in GROUPS)
        return
    assert {name: len(group.classes) for name, group in sets.items()} == {
        "probe": probes,
        **{name: asked[name] for name in GROUPS},
    }
    everybody = [person for group in sets.values() for person in group.classes]
    assert len(set(everybody)) == len(everybody)
    for name, group in sets.items():
        people = [int(group.classes[label][1:]) for label in group.labels]
        assert group.images[:, 0, 0, 0].tolist() == people == faces.labels[indices[name]].tolist()
        assert (group.images == faces.images[indices[name]]).all() and group.mean == faces.mean
        assert np.bincount(group.labels).tolist() == [counts[int(person[1:])] for person in group.classes]
        assert np.bincount(group.labels).min() >= needed[name]
    again = deal_people(faces, how)[1]
    assert all((index == again[name]).all() for name, index in indices.items())


def test_another_seed_deals_other_people():
    faces, how = faces_of([5] * 40), dict.fromkeys(GROUPS, 4) | {"probe_people": 4, "gallery": 2}
    one, other = (deal_people(faces, PeopleSplit(**how, seed=seed))[0] for seed in (0, 1))
    assert one["defender"].classes != other["defender"].classes


def test_too_few_people_are_counted_and_refused():
    how = PeopleSplit(**dict.fromkeys(GROUPS, 2), probe_people=3, gallery=4, least_images=3)
    with pytest.raises(
        BadInput,
        match=r"6 asked for \(defender .*: 2 \+ 2 .*with 3 or more .*, 5 have them beside 1 "
        r"dealt before: ask for fewer, lower `least_images` or read more people$",
    ):
        deal_people(faces_of([5] + [4] * 5 + [2] * 30), how)
    with pytest.raises(
        BadInput,
        match=r"6 asked for \(defender_calibration .*with 2 or more .*, 5 have them beside 7 "
        r"dealt before: ask for fewer or read more people$",
    ):
        deal_people(faces_of([5] + [4] * 9 + [2] * 2), how)
    with pytest.raises(BadInput, match=r"6 asked for \(defender \+ .*with 2 or more .*: ask for fewer or read more people$"):
        deal_people(faces_of([5] + [2] * 5), how.model_copy(update={"least_images": 2}))
    with pytest.raises(BadInput, match=r"nobody has more than 4 pictures.*the most: 4.*lower `gallery`"):
        deal_people(faces_of([4] * 30), how)


@pytest.mark.parametrize(("name", "most", "pictures"), [("orl_faces", None, 40 * 10), ("lfw", 3, 530 + 236 + 144)])
def test_the_real_sets_are_what_their_makers_say(name, most, pictures):
    if not (REAL / name).is_dir():
        pytest.skip(f"no {REAL / name}")
    assert len(module("people", name).load(REAL, 8, 1, most)) == pictures
