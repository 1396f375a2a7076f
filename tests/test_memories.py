"""Memories: what is shipped, what is read, what is refused."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ccqed_ctrl import memories
from ccqed_ctrl.errors import PatternError, ShapeError


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


# Folders -------------------------------------------------------------------------


def test_what_is_transparent_is_paper(tmp_path):
    pixels = np.zeros((2, 3, 4), np.uint8)  # black, and fully transparent
    pixels[0, :, 3] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(
        memories.load(str(tmp_path)).patterns, [[1, 1, 1, -1, -1, -1]]
    )


def test_a_folder_is_read_by_name_ink_is_up(tmp_path):
    ink = np.array([[True, False, False], [False, False, True]])
    write_png(tmp_path / "b.png", ink)
    write_png(tmp_path / "a.png", np.array([[True] * 3, [False] * 3]))
    (tmp_path / "notes.txt").write_text("not an image")
    read = memories.load(str(tmp_path))
    assert read.names == ("a", "b")
    assert read.shape == (2, 3)
    np.testing.assert_array_equal(read.patterns[1], [1, -1, -1, -1, -1, 1])


def test_a_missing_folder(tmp_path):
    with pytest.raises(PatternError, match="there is no folder .*nowhere"):
        memories.load(str(tmp_path / "nowhere"))


def test_an_empty_folder(tmp_path):
    with pytest.raises(PatternError, match="holds no .png image"):
        memories.load(str(tmp_path))


def test_unequal_sizes(folder):
    write_png(folder / "d.png", np.eye(5, dtype=bool))
    with pytest.raises(PatternError, match=r"a.png is 6x4 pixels, d.png is 5x5"):
        memories.load(str(folder))


@pytest.mark.parametrize("content", [b"", b"not an image", None])
def test_not_an_image(folder, content):
    whole = (folder / "a.png").read_bytes()
    (folder / "d.png").write_bytes(whole[:40] if content is None else content)
    with pytest.raises(PatternError, match="d.png is not a readable image"):
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


@pytest.mark.parametrize(
    ("stored", "error", "said"),
    [
        (np.ones(16), ShapeError, r"must have shape \(P, N\)"),
        (np.ones((2, 4, 4)), ShapeError, r"must have shape \(P, N\)"),
        (np.eye(4), ShapeError, r"only -1 and \+1; got 0; are these pixels"),
        (np.full((2, 4), np.nan), ShapeError, "finite"),
        (np.full((2, 4), 1j), ShapeError, "complex"),
        (np.full((2, 4), "x"), ShapeError, "numeric"),
        (np.empty((0, 4)), PatternError, "holds no pattern"),
        (np.empty((4, 0)), PatternError, "holds no pattern"),
        (np.array([[1, None]], object), PatternError, "not a readable .npy"),
    ],
)
def test_a_bad_array_is_refused(tmp_path, stored, error, said):
    np.save(tmp_path / "bad.npy", stored, allow_pickle=True)
    with pytest.raises(error, match=said):
        memories.load(str(tmp_path / "bad.npy"))


def test_a_file_that_is_no_array(tmp_path):
    (tmp_path / "text.npy").write_text("1 2 3")
    for name in ("text.npy", "missing.npy"):
        with pytest.raises(PatternError, match="not a readable .npy"):
            memories.load(str(tmp_path / name))


def test_the_overlap_of_known_patterns():
    patterns = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, 1, 1, -1]])
    np.testing.assert_array_equal(
        memories.overlap_matrix(patterns), [[1, 0, 0.5], [0, 1, 0.5], [0.5, 0.5, 1]]
    )
