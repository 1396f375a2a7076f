"""Pictures as ink: PNG, JPEG and BMP, and nothing else, in black and white pixels."""

from __future__ import annotations

import re
import warnings
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import PatternError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
#: Pillow knows many more, and opens EPS by running Ghostscript.
FORMATS = ("PNG", "JPEG", "BMP")
#: Most pixels along a side: what a crafted file makes us allocate stays below 1 GB.
LONGEST_SIDE = 4096
_FULL_SCALE_16_BIT = 65535


def files(path: Path) -> list[Path]:
    """Return a picture, or a folder's pictures in order of their names, 2 before 10.

    Hidden files are left out: a Mac puts one beside each picture it copies.

    Raises
    ------
    PatternError
        There is none; a folder that cannot be read; a name that is shared or that
        cannot be printed.
    """
    try:
        entries = list(path.iterdir()) if path.is_dir() else [path]
    except OSError as error:
        message = f"the folder {str(path)!r} cannot be read: {error.strerror}"
        raise PatternError(message) from error
    found = [
        file
        for file in sorted(entries, key=_natural)
        if file.suffix.lower() in SUFFIXES
        and (file is path or not file.name.startswith("."))
    ]
    if not found:
        raise PatternError(
            f"{str(path)!r} is no {', '.join(SUFFIXES)} picture, nor a folder with any"
        )
    for file in found:
        if not file.stem.isprintable():
            message = f"a picture's name must be printable text; got {file.name!r}"
            raise PatternError(message)
    for file, following in pairwise(found):
        if file.stem == following.stem:
            raise PatternError(
                "each picture must have a name of its own; got "
                f"{file.name!r} and {following.name!r}"
            )
    return found


def _natural(file: Path) -> tuple[str, str]:
    padded = re.sub("[0-9]+", lambda digits: digits[0].zfill(255), file.stem)
    return padded, file.name


def decode(name: str, content: bytes, size: int | None = None) -> NDArray[np.bool_]:
    """Return where a picture has ink: what is more than half dark.

    It is taken as a viewer shows it, turned as its EXIF tells; what is transparent is
    paper.

    Parameters
    ----------
    name : str
        The file's name, for messages.
    content : bytes
        The file's content.
    size : int, optional
        Side of the result; default: the picture's own pixels. The picture is centred
        on a square of paper as wide as its longer side, the square is cut into
        size x size cells, and a cell is ink if its area is on average more than half
        dark. A black and white picture of size x size stays as it is, and one enlarged
        by a whole factor comes back.

    Returns
    -------
    ink : ndarray of bool, shape (rows, columns), or (size, size)

    Raises
    ------
    PatternError
        Not a PNG, JPEG or BMP, damaged, or too large.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            darkness = 1 - _brightness(content)
    except Exception as error:  # decoders raise nearly anything on crafted bytes
        raise PatternError(
            f"{name!r} is not a readable PNG, JPEG or BMP picture; it is "
            f"{_ailment(content, error)}"
        ) from error
    if size is not None:
        darkness = _averaged(darkness, size)
    # A cell just half dark is paper, however its sum was rounded.
    return darkness > 0.5 + 1e-9


def _brightness(content: bytes) -> NDArray[np.float64]:
    """Return the brightness (rows, columns), 0 for ink to 1 for paper."""
    with Image.open(BytesIO(content), formats=FORMATS) as opened:
        # Only the header has been read; Pillow's own limit is ten times higher.
        if max(opened.size) > LONGEST_SIDE:
            width, height = opened.size
            raise Image.DecompressionBombError(f"{width} x {height} pixels")
        picture = ImageOps.exif_transpose(opened)
    if picture.mode.startswith("I"):
        # 16 bit grey, which Pillow clips to white where it converts it.
        values = np.asarray(picture)
        clear = values == picture.info.get("transparency", -1)
        return np.where(clear, 1.0, values / _FULL_SCALE_16_BIT)
    paper = Image.new("RGBA", picture.size, "white")
    grey = Image.alpha_composite(paper, picture.convert("RGBA")).convert("L")
    return np.asarray(grey) / 255


def _ailment(content: bytes, error: Exception) -> str:
    if not content:
        return "empty"
    if isinstance(error, UnidentifiedImageError):
        return f"damaged or of another format (its first bytes are {content[:8]!r})"
    if isinstance(error, Image.DecompressionBombError):
        return f"larger than {LONGEST_SIDE} pixels a side: {error}"
    return f"damaged or cut short (Pillow: {str(error)[:200]})"


def _averaged(darkness: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the mean darkness (size, size) of the cells of the padded square."""
    side = max(darkness.shape)
    rows, columns = (_cells(pixels, side, size) for pixels in darkness.shape)
    return rows @ darkness @ columns.T


def _cells(pixels: int, side: int, size: int) -> NDArray[np.float64]:
    """Return the share (size, pixels) of each cell's width that each pixel covers."""
    # By a whole number of pixels: half a pixel would blur a sharp picture.
    margin = (side - pixels) // 2
    edges = np.arange(size + 1)[:, None] * side / size - margin
    left = np.arange(pixels)
    covered = np.minimum(edges[1:], left + 1) - np.maximum(edges[:-1], left)
    return np.maximum(covered, 0.0) * size / side
