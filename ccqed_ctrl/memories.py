"""Memories as images: shipped icons, pictures, an array, or handwriting."""

from __future__ import annotations

import difflib
import math
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from . import checks, pictures
from .errors import ParameterError, PatternError, ShapeError

Spins = NDArray[np.int8]

#: The last handwritten digits of scikit-learn's set are cues, never training.
HELD_OUT = 500
#: Most pixels of a memory: each is an ensemble, and couplings go as its square.
MOST_PIXELS = 64 * 64
#: More could not be stored: N ensembles hold at most N memories.
MOST_MEMORIES = MOST_PIXELS
#: Bytes of a file: MOST_MEMORIES of MOST_PIXELS in double precision, and a header.
_LARGEST_FILE = 8 * MOST_MEMORIES * MOST_PIXELS + 4096


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

    def index(self, name: str) -> int:
        """Return which memory is meant by its name, or else by its index as text.

        Raises
        ------
        ParameterError
            Neither a name nor an index.
        """
        indices = [str(index) for index in range(len(self.names))]
        for known in (list(self.names), indices):
            if name in known:
                return known.index(name)
        near = difflib.get_close_matches(name, self.names, n=1)
        listed = [*self.names[:20], *(["..."] if len(self.names) > 20 else [])]
        raise ParameterError(
            f"memory must be one of {', '.join(listed)} or an index from 0 to "
            f"{indices[-1]}; got {_shown(name)}"
            + (f"; did you mean {near[0]!r}?" if near else "")
        )


def load(source: str, image_size: int | None = None) -> MemorySet:
    """Read the memories named by the argument `patterns`.

    Parameters
    ----------
    source : str
        `icons`, `digits`, a folder of PNG, JPEG or BMP pictures, one such picture, or
        a .npy file of shape (P, N). A folder's pictures are named by their files and
        in order of their names, 2 before 10; hidden files are none.
    image_size : int, optional
        Pictures are resized to image_size x image_size (see `pictures.decode`);
        default: as they are. Digits and arrays only have the size they have.

    Raises
    ------
    PatternError
        Nothing there, nothing readable, unequal sizes, too large, two of one name, or
        two equal memories.
    ShapeError
        A .npy that does not hold (P, N) spins.
    ParameterError
        No such size.
    """
    size = image_size
    if size is not None:
        size = checks.integer("image_size", size, 1, math.isqrt(MOST_PIXELS))
    if source == "icons":
        with resources.as_file(resources.files(__package__) / "icons") as folder:
            memories = _from_pictures(folder, size)
    elif source == "digits":
        memories = _of_size(source, handwriting(), size)
    else:
        path = _existing(source)
        if path.suffix.lower() == ".npy" and not path.is_dir():
            memories = _of_size(path.name, _from_array(path), size)
        else:
            memories = _from_pictures(path, size)
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


def _of_size(source: str, memories: MemorySet, size: int | None) -> MemorySet:
    rows, columns = memories.shape
    if size is not None and (rows, columns) != (size, size):
        raise PatternError(
            f"{_shown(source)} has memories of {columns}x{rows} pixels and is not "
            f"resized, only pictures are; leave image_size unset; got {size}"
        )
    return memories


def _existing(source: str) -> Path:
    allowed = "icons, digits, a folder or file of PNG, JPEG or BMP, or a .npy file"
    try:
        path = Path(source).expanduser()
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        cause = f"there is no folder or file {_shown(source)} in {str(Path.cwd())!r}"
    except PermissionError:
        cause = f"{_shown(source)} may not be read by this user"
    except (OSError, ValueError, RuntimeError):
        # Too long, a NUL, a link to itself, ~ of nobody.
        cause = f"{_shown(source)} is no path that this computer can have"
    else:
        if source:
            return path
        cause = "got an empty text"
    raise PatternError(f"patterns must be {allowed}; {cause}")


def _shown(text: str) -> str:
    if len(text) <= 200:
        return repr(text)
    return f"{text[:60]!r}... ({len(text)} characters)"


def _from_pictures(path: Path, size: int | None) -> MemorySet:
    files = pictures.files(path)
    if len(files) > MOST_MEMORIES:
        raise PatternError(
            f"at most {MOST_MEMORIES} memories can be stored; the folder {str(path)!r} "
            f"holds {len(files)} pictures"
        )
    images = [_image(file, size) for file in files]
    for file, image in zip(files, images, strict=True):
        if image.shape != images[0].shape:
            raise PatternError(
                f"all images must have one size; {files[0].name!r} is "
                f"{_size(images[0])} pixels, {file.name!r} is {_size(image)}; "
                "image_size=8 makes each 8x8"
            )
    return _plain([file.stem for file in files], np.stack(images))


def _image(file: Path, size: int | None) -> NDArray[np.bool_]:
    with _opened(file) as opened:
        content = opened.read(_LARGEST_FILE)
    image = pictures.decode(file.name, content, size)
    if image.size > MOST_PIXELS:
        raise PatternError(
            f"a memory has at most {MOST_PIXELS} pixels, one for each ensemble; "
            f"{file.name!r} is {_size(image)}; image_size=8 makes it 8x8"
        )
    return image


def _size(image: NDArray[np.bool_]) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """Open a file to read; refuse it by name if it is odd or cannot be read."""
    try:
        status = file.stat()
        # A pipe would be waited for, a device read for ever.
        if not stat.S_ISREG(status.st_mode):
            raise PatternError(f"{file.name!r} is a folder, pipe or device, not a file")
        if status.st_size > _LARGEST_FILE:
            raise PatternError(
                f"{file.name!r} must have at most {_LARGEST_FILE} bytes; it has "
                f"{status.st_size}"
            )
        with file.open("rb") as opened:
            yield opened
    except OSError as error:
        message = f"{file.name!r} cannot be read: {error.strerror or error}"
        raise PatternError(message) from error


def _from_array(path: Path) -> MemorySet:
    name = f"patterns in {path.name!r}"
    try:
        with _opened(path) as opened, warnings.catch_warnings(action="ignore"):
            # The header first: it may declare terabytes.
            _refuse_header(name, opened)
            opened.seek(0)
            stored = np.lib.format.read_array(opened, allow_pickle=False)
    except ParameterError:
        raise
    except Exception as error:  # crafted files raise nearly anything
        raise PatternError(
            f"{path.name!r} is not a readable .npy file (numpy: {str(error)[:200]})"
        ) from error
    patterns = checks.spins(name, stored, ("P", "N"))
    count, pixels = patterns.shape
    side = math.isqrt(pixels)
    shape = (side, side) if side * side == pixels else (1, pixels)
    names = [str(index) for index in range(count)]
    return _plain(names, (patterns > 0).reshape(count, *shape))


def _refuse_header(name: str, opened: BinaryIO) -> None:
    version = np.lib.format.read_magic(opened)
    if version != (1, 0):
        # Made for records of many fields; its header may be 4 GB long.
        raise PatternError(f"{name} must be of .npy format (1, 0); got {version}")
    shape, _, dtype = np.lib.format.read_array_header_1_0(opened)
    if dtype.kind not in "biufc":
        raise ShapeError(f"{name} must be numeric, -1 and +1; got {dtype.name}")
    if len(shape) != 2:
        raise ShapeError(f"{name} must have shape (P, N); got {str(shape)[:200]}")
    for size, most in zip(shape, (MOST_MEMORIES, MOST_PIXELS), strict=True):
        if not 1 <= size <= most:
            raise PatternError(
                f"{name} must be 1 to {MOST_MEMORIES} memories of 1 to {MOST_PIXELS} "
                f"pixels; their shape is {str(shape)[:200]}"
            )


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
