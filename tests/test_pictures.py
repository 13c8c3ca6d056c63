"""Picture files: damaged bytes of every format are refused in one line, 16 bits are scaled, EXIF's turns are made."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

from pipeline.core.errors import BadInput
from pipeline.data.folders import read_parquet
from pipeline.data.pictures import read_picture, square
from tests.test_data import write_parquet

DRAWN = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
SIXTEEN = np.random.default_rng(1).integers(0, 2**16, (5, 6)).astype(np.uint16)


def encoded(picture, kind, **how):
    file = io.BytesIO()
    picture.save(file, kind, **how)
    return file.getvalue()


def turned(orientation, kind="PNG"):
    """A picture whose EXIF asks for a turn, beside a word and a fraction."""
    exif = Image.Exif()
    exif.update({ExifTags.Base.Orientation: orientation, ExifTags.Base.Make: "maker", ExifTags.Base.XResolution: 72.0})
    return encoded(Image.fromarray(DRAWN), kind, exif=exif)


FILES = {kind: encoded(Image.fromarray(DRAWN), kind) for kind in ("PNG", "JPEG", "WEBP", "PPM", "BMP", "TIFF", "GIF")}
FILES |= {f"grey {kind}": encoded(Image.fromarray(DRAWN[..., 0]), kind) for kind in ("PNG", "PPM", "BMP", "TIFF")}
FILES |= {f"16-bit {kind}": encoded(Image.fromarray(SIXTEEN), kind) for kind in ("PNG", "PPM", "TIFF")}
FILES |= {f"turned {kind}": turned(6, kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF")}
FILES |= {"written PGM": b"P2 3 2 255 1 2 3 4 5 6\n"}


@pytest.fixture(scope="module", autouse=True)
def few_pixels():
    """Bombs from 1,000 pixels on, so that a damaged size takes no memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
        yield


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FILES)
@given(changes=st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 255)), max_size=4), kept=st.integers(0, 20_000))
def test_damaged_bytes_of_any_format_are_read_or_refused_in_one_line(tmp_path_factory, name, changes, kept):
    data = bytearray(FILES[name])
    for place, value in changes:
        data[place % len(data)] = value
    data, home = bytes(data[:kept]), tmp_path_factory.mktemp("fuzz")
    write_parquet(home / "x.parquet", [data], [0])
    answers = []
    for read in (lambda: read_parquet([home / "x.parquet"]).images[0], lambda: square(io.BytesIO(data), 4, 3, str(home))):
        try:
            answers.append(read().dtype == np.uint8)
        except BadInput as error:
            answers.append(False)
            assert str(error).startswith(str(home)) and "is not a picture" in str(error) and "\n" not in str(error)
    assert answers[0] == answers[1] and (answers[0] or changes or kept < len(FILES[name]))


@pytest.mark.parametrize(
    ("kind", "part", "becomes", "says"),
    [
        ("PNG", FILES["PNG"][33:41], b"\0\0\0\0IDAT", "broken PNG file"),
        ("PPM", b"255", b"2x5", "invalid literal"),
        ("BMP", struct.pack("<2i", 6, 5), struct.pack("<2i", 6, 2**20), "exceeds limit"),
        ("TIFF", struct.pack("<2HII", 257, 4, 1, 5), struct.pack("<2HII", 257, 4, 1, 2**20), "exceeds limit"),
    ],
)
def test_what_pillow_raises_otherwise_than_as_an_os_error_is_refused_by_row(tmp_path, kind, part, becomes, says):
    """SyntaxError, ValueError, DecompressionBombError."""
    assert FILES[kind].count(part) == 1
    write_parquet(tmp_path / "x.parquet", [FILES[kind], FILES[kind].replace(part, becomes)], [0, 1])
    with pytest.raises(BadInput, match=rf"row 1 is not a picture \(.*{says}.*\): repair or remove it"):
        read_parquet([tmp_path / "x.parquet"])


@pytest.mark.parametrize("kind", ["PNG", "PPM", "TIFF"])
def test_16_bit_grey_is_scaled_to_8(tmp_path, kind):
    levels = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    data = encoded(Image.fromarray(levels), kind)
    assert np.asarray(read_picture(io.BytesIO(data), "")).tolist() == [[0, 0, 1, 1, 128, 255]]
    whole = encoded(Image.fromarray(SIXTEEN), kind)
    write_parquet(tmp_path / "x.parquet", [whole], [0])
    exact = SIXTEEN * (255 / 65535)
    assert np.abs(read_parquet([tmp_path / "x.parquet"]).images[0, 0] - exact).max() <= 0.5
    assert np.abs(square(io.BytesIO(encoded(Image.fromarray(SIXTEEN[:5, :5]), kind)), 5, 1, "")[0] - exact[:, :5]).max() <= 0.5


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_32_bits_are_refused_rather_than_guessed(kind):
    data = encoded(Image.fromarray(SIXTEEN.astype(kind)), "TIFF")
    with pytest.raises(BadInput, match=r"x is not a picture \(32 bits a channel, expected 8 or 16\)"):
        square(io.BytesIO(data), 4, 1, "x")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(9))
def test_a_picture_is_turned_as_its_exif_says(tmp_path, kind, orientation):
    data = turned(orientation, kind)
    with Image.open(io.BytesIO(data)) as picture:
        upright = ImageOps.exif_transpose(picture)
    assert upright.size == ((5, 6) if orientation > 4 else (6, 5))
    write_parquet(tmp_path / "x.parquet", [data], [0])
    assert (read_parquet([tmp_path / "x.parquet"]).images[0] == np.asarray(upright).transpose(2, 0, 1)).all()
    shrunk = upright.resize((4, 4), Image.Resampling.BILINEAR)
    assert (square(io.BytesIO(data), 4, 3, "") == np.asarray(shrunk).transpose(2, 0, 1)).all()


def test_16_bits_are_turned_too():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 8
    data = encoded(Image.fromarray(SIXTEEN * 0 + np.arange(6, dtype=np.uint16) * 257), "PNG", exif=exif)
    assert np.asarray(read_picture(io.BytesIO(data), ""))[:, 0].tolist() == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize(("mode", "shape"), [("1", (5, 6)), ("LA", (5, 6)), ("P", (5, 6, 3)), ("RGBA", (5, 6, 3))])
def test_other_modes_become_grey_or_colour(mode, shape):
    two = np.where(DRAWN[..., :1] > 128, 255, 0).repeat(3, 2).astype(np.uint8)
    read = np.asarray(read_picture(io.BytesIO(encoded(Image.fromarray(two).convert(mode), "PNG")), ""))
    assert read.shape == shape and (read.reshape(5, 6, -1) == two[..., : read.reshape(5, 6, -1).shape[-1]]).all()
