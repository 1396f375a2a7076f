"""Memories: what is shipped, what is read, what is refused."""

from __future__ import annotations

import hashlib
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ccqed_ctrl import memories
from ccqed_ctrl.errors import ParameterError, PatternError, ShapeError


def write_png(path, ink):
    """Write bool ink (rows, columns) as black on white."""
    Image.fromarray(np.where(ink, 0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(1)
    for name in ("b", "a", "c"):
        write_png(tmp_path / f"{name}.png", rng.random((4, 6)) < 0.5)
    return tmp_path


@pytest.fixture(scope="module")
def digits():
    pytest.importorskip("sklearn")
    return memories.load("digits")


# Icons ---------------------------------------------------------------------------


def test_the_icons_are_well_apart():
    icons = memories.load("icons")
    count = len(icons.names)
    assert count >= 8
    assert icons.shape == (8, 8)
    assert icons.patterns.shape == (count, 64)
    overlaps = memories.overlap_matrix(icons.patterns)
    np.testing.assert_array_equal(np.diag(overlaps), 1)
    assert np.abs(overlaps - np.eye(count)).max() < 0.3
    assert np.linalg.matrix_rank(icons.patterns.astype(float)) == count
    assert len(icons.cues.of(0)) == len(icons.examples.images) == 0


def test_the_icons_are_those_that_earlier_results_recalled():
    icons = memories.load("icons")
    assert icons.names == (
        "checker", "cross", "cup", "heart", "hourglass", "house", "mushroom", "note",
        "spiral", "stairs",
    )  # fmt: skip
    assert hashlib.sha256(icons.patterns.tobytes()).hexdigest().startswith("457056fb96")


def test_icons_of_their_own_size_are_themselves():
    plain, asked = memories.load("icons"), memories.load("icons", 8)
    assert asked.names == plain.names
    np.testing.assert_array_equal(asked.patterns, plain.patterns)
    doubled = memories.load("icons", 16).patterns.reshape(-1, 8, 2, 8, 2)
    np.testing.assert_array_equal(
        doubled, plain.patterns.reshape(-1, 8, 1, 8, 1).repeat(2, 2).repeat(2, 4)
    )


# One of them -----------------------------------------------------------------------


def test_a_memory_is_named_or_counted():
    icons = memories.load("icons")
    for index, name in enumerate(icons.names):
        assert icons.index(name) == icons.index(str(index)) == index


def test_a_name_goes_before_an_index():
    numbered = memories.MemorySet(("2", "1", "x"), np.ones((3, 4), np.int8), (2, 2))
    assert [numbered.index(text) for text in ("2", "1", "0", "x")] == [0, 1, 0, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "hart",
            r"checker, .*, stairs or an index from 0 to 9; got 'hart'; did .* 'heart'",
        ),
        ("Heart", "did you mean 'heart'"),
        ("10", "from 0 to 9; got '10'$"),
        ("-1", "got '-1'$"),
        ("03", "got '03'$"),
        ("\u0663", "got '\u0663'$"),  # an Arabic three
        ("", "got ''$"),
        ("9" * 100_000, r"got '9{60}'... \(100000 characters\)$"),
    ],
)
def test_a_wrong_name_lists_the_right_ones(text, said):
    with pytest.raises(ParameterError, match=f"^memory must be one of .*{said}"):
        memories.load("icons").index(text)


def test_a_thousand_names_are_not_all_listed():
    names = tuple(f"m{index}" for index in range(1000))
    many = memories.MemorySet(names, np.ones((1000, 4), np.int8), (2, 2))
    with pytest.raises(ParameterError, match="'m999'") as refused:
        many.index("m9999")
    assert "m19, ... or an index from 0 to 999" in str(refused.value)


# Handwriting ---------------------------------------------------------------------


def test_digits_are_ten_prototypes_and_held_out_cues(digits):
    assert digits.names == tuple("0123456789")
    assert digits.patterns.shape == (10, 64)
    assert digits.cues.images.shape == (memories.HELD_OUT, 64)
    assert set(digits.cues.labels) == set(range(10))
    ones = digits.cues.of(1)
    assert len(ones) == np.count_nonzero(digits.cues.labels == 1) > 20


def test_prototypes_know_nothing_of_the_cues(digits):
    from sklearn.datasets import load_digits

    everything = load_digits()
    ink, target = everything.images > 7.5, everything.target
    kept = len(ink) - memories.HELD_OUT
    for digit in range(10):
        training = ink[:kept][target[:kept] == digit].reshape(-1, 64)
        expected = np.where(training.mean(axis=0) > 0.5, 1, -1)
        np.testing.assert_array_equal(digits.patterns[digit], expected)
    np.testing.assert_array_equal(
        digits.cues.images, np.where(ink[kept:].reshape(-1, 64), 1, -1)
    )
    np.testing.assert_array_equal(
        digits.examples.images, np.where(ink[:kept].reshape(-1, 64), 1, -1)
    )
    np.testing.assert_array_equal(digits.examples.labels, target[:kept])


def test_nearest_prototype_is_right_for_three_cues_of_four(digits):
    nearest = np.argmax(digits.cues.images.astype(int) @ digits.patterns.T, axis=1)
    # 500 cues: two standard errors are 0.04.
    assert np.mean(nearest == digits.cues.labels) == pytest.approx(0.75, abs=0.04)


def test_without_scikit_learn_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(PatternError, match=r"pip install 'ccqed-ctrl\[digits\]'"):
        memories.load("digits")


def test_digits_have_the_size_they_have(digits):
    np.testing.assert_array_equal(memories.load("digits", 8).patterns, digits.patterns)
    with pytest.raises(PatternError, match="'digits' has memories of 8x8 .*; got 16"):
        memories.load("digits", 16)


# Folders -------------------------------------------------------------------------


def test_a_folder_is_read_by_name_ink_is_up(tmp_path):
    ink = np.array([[True, False, False], [False, False, True]])
    write_png(tmp_path / "b.png", ink)
    write_png(tmp_path / "a.png", np.array([[True] * 3, [False] * 3]))
    (tmp_path / "notes.txt").write_text("not an image")
    read = memories.load(str(tmp_path))
    assert read.names == ("a", "b")
    assert read.shape == (2, 3)
    np.testing.assert_array_equal(read.patterns[1], [1, -1, -1, -1, -1, 1])


def test_pictures_of_all_kinds_and_sizes_become_one_size(tmp_path):
    heart, house = (np.random.default_rng(s).random((8, 8)) < 0.5 for s in (1, 2))
    for name, ink, factor in (
        ("heart.BMP", heart, 1),
        ("house.Jpeg", house, 16),
        ("hut.png", ~heart | house, 3),
    ):
        write_png(tmp_path / name, np.kron(ink, np.ones((factor, factor), bool)))
    read = memories.load(str(tmp_path), image_size=8)
    assert read.names == ("heart", "house", "hut")
    assert read.shape == (8, 8)
    np.testing.assert_array_equal(
        read.patterns > 0, np.reshape([heart, house, ~heart | house], (3, 64))
    )


def test_one_picture_is_one_memory(folder, monkeypatch):
    whole = memories.load(str(folder))
    monkeypatch.chdir(folder)
    one = memories.load("b.png")
    assert one.names == ("b",)
    assert one.shape == (4, 6)
    np.testing.assert_array_equal(one.patterns, whole.patterns[1:2])


@pytest.mark.parametrize("size", [0, -8, 65, 8.5, "8", True, float("nan")])
def test_an_impossible_size(folder, size):
    with pytest.raises(ParameterError, match="image_size must be"):
        memories.load(str(folder), size)


def test_too_large_to_be_stored(tmp_path):
    write_png(tmp_path / "photo.png", np.tri(65, dtype=bool))
    with pytest.raises(PatternError, match="4096 pixels.*'photo.png' is 65x65; image_"):
        memories.load(str(tmp_path))
    assert memories.load(str(tmp_path), 64).shape == (64, 64)


def test_too_many_to_be_stored(folder, monkeypatch):
    monkeypatch.setattr(memories, "MOST_MEMORIES", 2)
    with pytest.raises(PatternError, match=r"at most 2 memories .* holds 3 pictures"):
        memories.load(str(folder))


def test_unequal_sizes(folder):
    write_png(folder / "d.png", np.eye(5, dtype=bool))
    with pytest.raises(PatternError, match=r"'a.png' is 6x4 pixels, 'd.png' is 5x5"):
        memories.load(str(folder))


@pytest.mark.parametrize("content", [b"", b"not an image", None])
def test_not_an_image(folder, content):
    whole = (folder / "a.png").read_bytes()
    (folder / "d.png").write_bytes(whole[:40] if content is None else content)
    with pytest.raises(PatternError, match="'d.png' is not a readable PNG"):
        memories.load(str(folder))


@pytest.mark.parametrize("negative", [False, True])
def test_twins_and_negatives_are_refused(folder, negative):
    image = np.asarray(Image.open(folder / "a.png"))
    copy = 255 - image if negative else image
    Image.fromarray(copy).save(folder / "twin.png")
    with pytest.raises(PatternError, match="'a' and 'twin' are equal or"):
        memories.load(str(folder))


# Arrays --------------------------------------------------------------------------


@given(st.integers(1, 6), st.sampled_from([1, 4, 7, 9, 16]), st.integers(0, 2**32 - 1))
def test_an_array_round_trip(tmp_path_factory, count, pixels, seed):
    path = tmp_path_factory.mktemp("array") / "set.npy"
    spins = np.random.default_rng(seed).choice([-1, 1], size=(count, pixels))
    overlaps = np.abs(spins @ spins.T / pixels) - np.eye(count)
    np.save(path, spins)
    if overlaps.max() == 1:
        with pytest.raises(PatternError, match="cannot tell them apart"):
            memories.load(str(path))
        return
    read = memories.load(str(path))
    np.testing.assert_array_equal(read.patterns, spins)
    side = round(pixels**0.5)
    assert read.shape == ((side, side) if side**2 == pixels else (1, pixels))


def test_an_array_has_the_size_it_has(tmp_path):
    path = tmp_path / "set.npy"
    np.save(path, [[1, 1, 1, -1]])
    assert memories.load(str(path), 2).shape == (2, 2)
    with pytest.raises(PatternError, match="'set.npy' has memories of 2x2 .* got 4"):
        memories.load(str(path), 4)


@pytest.mark.parametrize("stored", [np.int8, np.int64, ">f4", np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_of_any_layout(tmp_path, stored, order):
    spins = np.random.default_rng(3).choice([-1, 1], (3, 9))
    np.save(tmp_path / "set.NPY.npy", spins.astype(stored, order=order))
    (tmp_path / "set.NPY.npy").rename(tmp_path / "set.NPY")
    read = memories.load(str(tmp_path / "set.NPY")).patterns
    np.testing.assert_array_equal(read, spins)


@pytest.mark.parametrize(
    ("stored", "error", "said"),
    [
        (np.ones(16), ShapeError, r"must have shape \(P, N\)"),
        (np.ones((2, 4, 4)), ShapeError, r"must have shape \(P, N\)"),
        (np.ones(()), ShapeError, r"must have shape \(P, N\)"),
        (np.eye(4), ShapeError, r"only -1 and \+1; got 0; are these pixels"),
        (np.full((2, 4), np.nan), ShapeError, "finite"),
        (np.full((2, 4), 1j), ShapeError, "complex"),
        (np.full((2, 4), "x"), ShapeError, "numeric.* got str32"),
        (np.full((1, 1), "x" * 100_000), ShapeError, "numeric.* got str3200000$"),
        (np.zeros((2, 4), "f8, i4"), ShapeError, "numeric.* got void96"),
        (np.zeros((2, 4), "M8[s]"), ShapeError, "numeric.* got datetime64"),
        (np.empty((0, 4)), PatternError, "must be 1 to 4096"),
        (np.empty((4, 0)), PatternError, "must be 1 to 4096"),
        (np.ones((1, 4097), np.int8), PatternError, "1 to 4096 memories of 1 to 4096"),
        (np.ones((4097, 1), np.int8), PatternError, "1 to 4096 memories of 1 to 4096"),
        (np.array([[1, None]], object), ShapeError, "numeric.* got object"),
    ],
)
def test_a_bad_array_is_refused(tmp_path, stored, error, said):
    np.save(tmp_path / "bad.npy", stored, allow_pickle=True)
    with pytest.raises(error, match=f"'bad.npy'.*{said}"):
        memories.load(str(tmp_path / "bad.npy"))


def test_the_overlap_of_known_patterns():
    patterns = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, 1, 1, -1]])
    np.testing.assert_array_equal(
        memories.overlap_matrix(patterns), [[1, 0, 0.5], [0, 1, 0.5], [0.5, 0.5, 1]]
    )
