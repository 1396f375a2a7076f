"""Pictures: what is ink, how they are resized, and which bytes are refused."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import EpsImagePlugin, Image

from ccqed_ctrl import pictures
from ccqed_ctrl.errors import PatternError

INK = np.array([[True, False, False], [True, True, False]])
EPS = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 8 8
%%EndComments
showpage
"""


def saved(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def grey(values, dtype=np.uint8) -> Image.Image:
    return Image.fromarray(np.asarray(values, dtype))


def drawn(ink, kind: str = "PNG") -> bytes:
    """Return bool ink (rows, columns) as a black and white picture."""
    return saved(grey(np.where(ink, 0, 255)), kind)


def chunk(kind: bytes, data: bytes) -> bytes:
    return (
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
    )


def png(width: int, height: int, *more: bytes) -> bytes:
    """Return a PNG that declares a size, with further chunks."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), *more, chunk(b"IEND", b"")]
    )


def binary(sides):
    return npst.arrays(bool, npst.array_shapes(min_dims=2, max_dims=2, max_side=sides))


squares = st.integers(1, 12).flatmap(lambda side: npst.arrays(bool, (side, side)))

# What is ink ----------------------------------------------------------------------


@given(binary(12), st.sampled_from(["PNG", "BMP"]), st.booleans())
def test_black_and_white_reads_back(ink, kind, one_bit):
    picture = grey(np.where(ink, 0, 255))
    content = saved(picture.convert("1") if one_bit else picture, kind)
    np.testing.assert_array_equal(pictures.decode("a", content), ink)


@pytest.mark.parametrize(
    ("dtype", "dark", "bright"),
    [(np.uint8, [0, 127], [128, 255]), (np.uint16, [0, 32767], [32768, 65535])],
)
def test_the_threshold_is_half_of_full_scale(dtype, dark, bright):
    content = saved(grey([dark, bright], dtype))
    np.testing.assert_array_equal(
        pictures.decode("a", content), [[True, True], [False, False]]
    )


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
def test_every_mode_of_every_format(mode, kind):
    # Blocks of 8 pixels: JPEG blurs within them only.
    ink = np.kron(INK, np.ones((8, 8), bool))
    if mode == "I;16":
        picture = grey(np.where(ink, 0, 65535), np.uint16)
    elif mode == "CMYK":
        picture = grey(np.where(ink, 0, 255)).convert("RGB").convert("CMYK")
    else:
        picture = grey(np.where(ink, 0, 255)).convert(mode)
    try:
        content = saved(picture, kind)
    except OSError as error:
        assert "cannot write mode" in str(error)  # a mode this format does not have
        return
    np.testing.assert_array_equal(pictures.decode("a", content), ink)


def test_colours_count_by_their_brightness():
    pure = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]]], np.uint8)
    np.testing.assert_array_equal(
        pictures.decode("a", saved(Image.fromarray(pure))), [[True, False, True, False]]
    )


def test_a_palette_is_looked_up():
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 255, 255, 0, 0, 0])
    picture.putpixel((1, 0), 1)
    np.testing.assert_array_equal(pictures.decode("a", saved(picture)), [[False, True]])


@pytest.mark.parametrize(
    ("picture", "options"),
    [
        (Image.merge("LA", [grey([[0, 0]]), grey([[255, 100]])]), {}),
        (grey([[[0, 0, 0, 255], [0, 0, 0, 100]]]), {}),
        (grey([[0, 9]]), {"transparency": 9}),
        (grey([[[0, 0, 0], [9, 9, 9]]]), {"transparency": (9, 9, 9)}),
        (grey([[0, 9]]).convert("P"), {"transparency": 9}),
        (grey([[0, 256]], np.uint16), {"transparency": 256}),
    ],
    ids=["LA", "RGBA", "L", "RGB", "P", "16 bit"],
)
def test_what_is_transparent_is_paper(picture, options):
    np.testing.assert_array_equal(
        pictures.decode("a", saved(picture, **options)), [[True, False]]
    )


@pytest.mark.parametrize(
    ("orientation", "seen"),
    [
        (1, INK),
        (2, INK[:, ::-1]),
        (3, INK[::-1, ::-1]),
        (4, INK[::-1]),
        (5, INK.T),
        (6, np.rot90(INK, -1)),
        (7, INK[::-1, ::-1].T),
        (8, np.rot90(INK)),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_is_turned_as_its_exif_tells(orientation, seen, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    block = np.ones((16, 16), bool)
    picture = grey(np.where(np.kron(INK, block), 0, 255))
    content = saved(picture, kind, exif=exif.tobytes())
    np.testing.assert_array_equal(pictures.decode("a", content), np.kron(seen, block))


# Resizing -------------------------------------------------------------------------


@given(squares, st.integers(1, 5), st.sampled_from(["PNG", "BMP"]))
def test_enlarged_by_a_whole_factor_it_comes_back(ink, factor, kind):
    large = drawn(np.kron(ink, np.ones((factor, factor), bool)), kind)
    np.testing.assert_array_equal(pictures.decode("a", large, len(ink)), ink)


@given(squares, st.integers(1, 5))
def test_a_small_picture_is_enlarged_in_blocks(ink, factor):
    np.testing.assert_array_equal(
        pictures.decode("a", drawn(ink), factor * len(ink)),
        np.kron(ink, np.ones((factor, factor), bool)),
    )


@given(binary(9), st.integers(0, 3))
def test_a_narrow_picture_is_centred_on_paper(ink, more):
    side = max(ink.shape)
    square = np.zeros((side, side), bool)
    top, left = ((side - pixels) // 2 for pixels in ink.shape)
    square[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    size = side + more
    np.testing.assert_array_equal(
        pictures.decode("a", drawn(ink), size),
        pictures.decode("a", drawn(square), size),
    )


@given(binary(9), st.integers(1, 9))
def test_turning_and_resizing_commute(ink, size):
    square = ink[: min(ink.shape), : min(ink.shape)]
    turned = pictures.decode("a", drawn(np.rot90(square)), size)
    np.testing.assert_array_equal(
        turned, np.rot90(pictures.decode("a", drawn(square), size))
    )


@given(st.integers(1, 30), st.integers(0, 30), st.integers(1, 8))
def test_a_cell_is_ink_where_more_than_half_of_it_is(side, inked, size):
    """The left `inked` of `side` columns are black: cell k is covered up to there."""
    ink = np.arange(side)[None, :].repeat(side, 0) < inked
    # Twice the covered width of cell k, times size, against its width: whole numbers.
    cells = [2 * min(max(inked * size - k * side, 0), side) > side for k in range(size)]
    np.testing.assert_array_equal(
        pictures.decode("a", drawn(ink), size), [cells] * size
    )


@pytest.mark.parametrize(("level", "ink"), [(126, True), (129, False)])
def test_grey_counts_by_its_darkness(level, ink):
    # Half black, half white, would be paper; one grey step decides.
    content = saved(grey([[0, 255], [level, level]]))
    assert pictures.decode("a", content, 1).item() is ink


# Bytes that are refused -----------------------------------------------------------

SOUND = drawn(INK)
REFUSED = {
    "empty": (b"", "it is empty"),
    "text": (b"not a picture", "another format .*b'not a pi'"),
    "EPS": (EPS, "another format .*PS-Ado"),
    "GIF": (drawn(INK, "GIF"), "another format .*GIF8"),
    "TIFF": (drawn(INK, "TIFF"), "another format"),
    "cut header": (SOUND[:20], "damaged"),
    "cut pixels": (drawn(np.eye(64) > 0)[:60], "damaged or cut short"),
    "cut JPEG": (drawn(np.eye(64) > 0, "JPEG")[:-200], "damaged or cut short"),
    "cut BMP": (drawn(np.eye(64) > 0, "BMP")[:-200], "damaged or cut short"),
    "no pixels": (png(0, 4), "damaged"),
    "too wide": (png(4097, 1), "larger than 4096 pixels a side: 4097 x 1"),
    "too high": (png(1, 4097), "larger than 4096 pixels a side: 1 x 4097"),
    "large": (png(10000, 9999), "larger than 4096 pixels a side: 10000 x 9999"),
    "bomb": (png(30000, 30000), "larger than 4096 pixels a side"),
    "big BMP": (
        b"BM"
        + struct.pack("<IIIIiiHHIIIIII", 0, 0, 54, 40, 2**30, 2**30, 1, 24, *[0] * 6),
        "larger than 4096 pixels a side",
    ),
    "zTXt bomb": (
        png(1, 1, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**26)))),
        "Pillow: (?i:decompressed data too large)",
    ),
    "iCCP bomb": (
        png(1, 1, chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(2**26)))),
        "damaged or cut short",
    ),
    "pixel bomb": (
        png(1, 1, chunk(b"IDAT", zlib.compress(bytes(2**26)))),
        None,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_crafted_file_is_refused_in_a_sentence_and_little_memory(case):
    content, said = REFUSED[case]
    tracemalloc.start()
    try:
        if said is None:  # more pixels than declared: the rest is never unpacked
            assert pictures.decode("x.png", content).shape == (1, 1)
        else:
            with pytest.raises(PatternError, match=f"^'x.png' is not .*{said}"):
                pictures.decode("x.png", content)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_a_picture_just_small_enough_is_read():
    content = saved(Image.new("1", (4096, 3)))
    assert pictures.decode("a", content).shape == (3, 4096)
    assert pictures.decode("a", content, 3).sum() == 0


def test_eps_named_png_starts_no_ghostscript(tmp_path, monkeypatch):
    marker, program = tmp_path / "started", tmp_path / "gs"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # what was found before
    with Image.open(io.BytesIO(EPS)) as eps, pytest.raises(OSError):
        eps.load()
    assert marker.exists()  # Pillow left alone does start it
    marker.unlink()
    with pytest.raises(PatternError, match="of another format"):
        pictures.decode("x.png", EPS)
    assert not marker.exists()


@given(
    st.sampled_from(["PNG", "JPEG", "BMP"]),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4),
    st.integers(0, 10**6),
)
def test_any_damage_is_a_sentence_or_a_picture(kind, changes, end):
    content = bytearray(drawn(np.kron(INK, np.ones((8, 8), bool)), kind))
    for place, byte in changes:
        content[place % len(content)] = byte
    try:
        ink = pictures.decode("x.png", bytes(content[: 1 + end % len(content)]), 4)
    except PatternError as error:
        assert "'x.png' is not a readable PNG, JPEG or BMP picture; it is" in str(error)
    else:
        assert ink.shape == (4, 4)


# A folder's files -----------------------------------------------------------------


def names(folder: Path) -> list[str]:
    return [file.name for file in pictures.files(folder)]


def test_files_come_by_name_numbers_by_size(tmp_path):
    for name in ("d10.png", "d9.JPG", "b.jpeg", "a.BMP", "d09.png", "C.Png", "c.png"):
        (tmp_path / name).touch()
    for name in ("notes.txt", "a.gif", ".c.png", "._d9.png", "png"):
        (tmp_path / name).touch()
    assert names(tmp_path) == [
        "C.Png", "a.BMP", "b.jpeg", "c.png", "d09.png", "d9.JPG", "d10.png"
    ]  # fmt: skip


def test_a_picture_stands_for_itself(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").touch()
    assert pictures.files(tmp_path / "b.png") == [tmp_path / "b.png"]
    (tmp_path / ".c.png").touch()
    assert pictures.files(tmp_path / ".c.png") == [tmp_path / ".c.png"]


def test_a_folder_may_be_called_like_a_picture(tmp_path):
    folder = tmp_path / "all.png"
    folder.mkdir()
    (folder / "a.png").touch()
    assert names(folder) == ["a.png"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ((), "no .png, .jpg, .jpeg, .bmp picture, nor a folder with any"),
        (("a.gif", "b.txt"), "no .png, .jpg, .jpeg, .bmp picture"),
        (("a.jpg", "b.png", "a.png"), "name of its own; got 'a.jpg' and 'a.png'"),
        (("a\n.png",), r"printable text; got 'a\\n.png'"),
        (("a\x1b[31m.png",), "printable text"),
        (("a\udcff.png",), r"printable text; got 'a\\udcff.png'"),
    ],
)
def test_a_folder_is_refused(tmp_path, made, said):
    for name in made:
        (tmp_path / name).touch()
    with pytest.raises(PatternError, match=said):
        pictures.files(tmp_path)
