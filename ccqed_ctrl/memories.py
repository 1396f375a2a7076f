"""Memories as images: shipped icons, a folder of PNGs, an array, or handwriting."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from . import checks
from .errors import PatternError

Spins = NDArray[np.int8]

#: The last handwritten digits of scikit-learn's set are cues, never training.
HELD_OUT = 500


@dataclass(frozen=True)
class Labelled:
    """Images (K, N) int8, and the memory (K,) that each belongs to; none by default."""

    images: Spins = field(default_factory=lambda: np.empty((0, 0), np.int8))
    labels: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        """Return the number of images, K."""
        return len(self.images)

    def of(self, memory: int) -> Spins:
        """Return the images (K', N) that belong to one memory."""
        return self.images[self.labels == memory]


@dataclass(frozen=True)
class MemorySet:
    """P images of N pixels as spins; ink (dark) is +1.

    names: P labels. patterns: (P, N) int8. shape: (rows, columns) of an image.
    cues: real ones, and examples: more of their kind to train with; handwriting brings
    both.
    """

    names: tuple[str, ...]
    patterns: Spins
    shape: tuple[int, int]
    cues: Labelled = field(default_factory=Labelled)
    examples: Labelled = field(default_factory=Labelled)


def load(source: str) -> MemorySet:
    """Read the memories named by the argument `patterns`.

    Parameters
    ----------
    source : str
        `icons`, `digits`, a folder of PNGs, or a .npy file of shape (P, N).

    Raises
    ------
    PatternError
        Nothing there, nothing readable, unequal sizes, or two equal memories.
    ShapeError
        A .npy that does not hold (P, N) spins.
    """
    if source == "icons":
        with resources.as_file(resources.files(__package__) / "icons") as folder:
            memories = _from_folder(folder)
    elif source == "digits":
        memories = handwriting()
    else:
        path = Path(source).expanduser()
        memories = _from_array(path) if path.suffix == ".npy" else _from_folder(path)
    _refuse_twins(memories)
    return memories


def handwriting(held_out: int | None = None) -> MemorySet:
    """Return ten digits' prototypes; the handwriting is split into cues and examples.

    Prototypes are made of the examples alone.

    Parameters
    ----------
    held_out : int, optional
        Place of the first of `HELD_OUT` digits in a row that become cues, a block
        because neighbours are often by one hand; default: the last ones, which are the
        cues of `load("digits")`.

    Raises
    ------
    PatternError
        scikit-learn is not installed.
    ParameterError
        No such block.
    """
    ink, labels = _handwriting()
    last = len(ink) - HELD_OUT
    start = checks.integer("held_out", last if held_out is None else held_out, 0, last)
    cue = np.zeros(len(ink), bool)
    cue[start : start + HELD_OUT] = True
    examples, known = ink[~cue], labels[~cue]
    prototypes = np.stack(
        [examples[known == digit].mean(axis=0) > 0.5 for digit in range(10)]
    )
    return replace(
        _plain([str(digit) for digit in range(10)], prototypes),
        cues=Labelled(_spins(ink[cue]), labels[cue]),
        examples=Labelled(_spins(examples), known),
    )


def overlap_matrix(patterns: Spins) -> NDArray[np.float64]:
    """Return the pairwise overlaps (P, P) of patterns (P, N), 1 on the diagonal."""
    spins = checks.spins("patterns", patterns, ("P", "N")).astype(np.float64)
    overlaps: NDArray[np.float64] = spins @ spins.T / spins.shape[1]
    return overlaps


def _plain(names: list[str], images: NDArray[np.bool_]) -> MemorySet:
    _, rows, columns = images.shape
    return MemorySet(tuple(names), _spins(images), (rows, columns))


def _from_folder(folder: Path) -> MemorySet:
    if not folder.is_dir():
        raise PatternError(
            f"patterns must be icons, digits, a folder of PNGs or a .npy file; there "
            f"is no folder {str(folder)!r} (working directory {str(Path.cwd())!r})"
        )
    files = sorted(folder.glob("*.png"))
    if not files:
        raise PatternError(f"the folder {str(folder)!r} holds no .png image")
    images = [_read_png(file) for file in files]
    for file, image in zip(files, images, strict=True):
        if image.shape != images[0].shape:
            raise PatternError(
                f"all images must have one size; {files[0].name} is "
                f"{_size(images[0])} pixels, {file.name} is {_size(image)}"
            )
    return _plain([file.stem for file in files], np.stack(images))


def _size(image: NDArray[np.bool_]) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"


def _read_png(file: Path) -> NDArray[np.bool_]:
    try:
        with Image.open(file) as image:
            # What is transparent is paper, not ink.
            coloured = image.convert("RGBA")
            paper = Image.new("RGBA", image.size, "white")
            grey = np.asarray(Image.alpha_composite(paper, coloured).convert("L"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise PatternError(f"{file.name} is not a readable image: {error}") from error
    return grey < 128


def _from_array(path: Path) -> MemorySet:
    try:
        stored = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise PatternError(f"{str(path)!r} is not a readable .npy: {error}") from error
    patterns = checks.spins(f"patterns in {path.name}", stored, ("P", "N"))
    count, pixels = patterns.shape
    if patterns.size == 0:
        raise PatternError(f"{path.name} holds no pattern: its shape is {stored.shape}")
    side = int(np.sqrt(pixels))
    shape = (side, side) if side * side == pixels else (1, pixels)
    names = [str(index) for index in range(count)]
    return _plain(names, (patterns > 0).reshape(count, *shape))


def _handwriting() -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return scikit-learn's digits: ink (K, 8, 8) and labels (K,)."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise PatternError(
            "patterns=digits needs scikit-learn: pip install 'ccqed-ctrl[digits]'"
        ) from error
    digits = load_digits()
    return digits.images > 7.5, digits.target.astype(np.int64)


def _spins(ink: NDArray[np.bool_]) -> Spins:
    return np.where(ink.reshape(len(ink), -1), 1, -1).astype(np.int8)


def _refuse_twins(memories: MemorySet) -> None:
    overlaps = np.abs(overlap_matrix(memories.patterns))
    np.fill_diagonal(overlaps, 0.0)
    if overlaps.max(initial=0.0) > 1 - 1e-12:
        i, j = np.unravel_index(int(overlaps.argmax()), overlaps.shape)
        raise PatternError(
            f"memories {memories.names[i]!r} and {memories.names[j]!r} are equal or "
            "each other's negative; the cavity cannot tell them apart"
        )
