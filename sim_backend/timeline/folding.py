"""A time axis on which long stretches without change are folded away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: More folds than these leave no room to see anything between them.
_MOST = 8
#: A stretch that is folded is so many times longer than all that stays unfolded.
_LONGER = 2.0
#: What stays is at least this share of the whole: edges that merely trail each other
#: by nanoseconds are no reason to fold.
_LEAST = 1e-4
#: A part is drawn at least as wide as one of this share of the longest part.
_NARROWEST = 1 / 3
#: Room beside the first and the last change of a part, in lengths of the part.
_PAD = 0.07
#: Width of a fold, of the axis; and of all folds together at most.
_FOLD, _FOLDS = 0.045, 0.3


@dataclass(frozen=True)
class Folding:
    """Parts of time that are drawn, and where on an axis from 0 to 1.

    parts: (K, 2) start and stop in s, ascending. places: (K, 2) where these lie.
    quiet: (K-1,) for how long nothing changes, in s, in the fold after each part.
    """

    parts: NDArray[np.float64]
    places: NDArray[np.float64]
    quiet: NDArray[np.float64]

    def place(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where times in s lie on the axis; times outside at its ends."""
        return np.interp(times, self.parts.ravel(), self.places.ravel())

    def time(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the times in s of places on the axis: the inverse of `place`."""
        return np.interp(places, self.places.ravel(), self.parts.ravel())

    @property
    def folds(self) -> NDArray[np.float64]:
        """Start and stop in s of what is folded away, (K-1, 2)."""
        return np.stack([self.parts[:-1, 1], self.parts[1:, 0]], axis=1)

    @property
    def one_scale(self) -> bool:
        """Whether a second is equally wide in all parts."""
        scales = np.ptp(self.places, axis=1) / np.ptp(self.parts, axis=1)
        return bool(np.allclose(scales, scales[0]))


def fold(changes: NDArray[np.float64], start: float, stop: float) -> Folding:
    """Fold the stretches in which nothing changes, where that helps to see the rest.

    A few stretches are folded if each is longer than twice all that stays unfolded.
    Short parts get more room than the scale of the longest would give them.

    Parameters
    ----------
    changes : array, (N,)
        When something changes, s, in any order.
    start, stop : float
        What is to be seen, s, with start < stop; a margin comes on either side.
    """
    inside = changes[(changes > start) & (changes < stop)]
    edges = np.unique(np.concatenate([[start], inside, [stop]]))
    folded = _worth(np.diff(edges))
    starts = edges[np.concatenate([[0], folded + 1])]
    stops = edges[np.concatenate([folded, [len(edges) - 1]])]
    lengths = stops - starts
    widths = np.maximum(lengths, _NARROWEST * lengths.max())
    pads = _PAD * widths
    gap = min(_FOLD, _FOLDS / max(1, len(folded)))
    rights = (1 - gap * len(folded)) * np.cumsum(widths) / widths.sum()
    lefts = np.concatenate([[0.0], rights[:-1]])
    shifts = gap * np.arange(len(starts))
    return Folding(
        parts=np.stack([starts - pads, stops + pads], axis=1),
        places=np.stack([lefts + shifts, rights + shifts], axis=1),
        quiet=starts[1:] - stops[:-1],
    )


def _worth(gaps: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return which of the stretches between changes are folded, in order."""
    longest = np.argsort(gaps, kind="stable")[::-1]
    best = 0
    for count in range(1, min(_MOST + 1, len(gaps))):
        rest = gaps[longest[count:]].sum()
        if rest < _LEAST * gaps.sum():
            break
        if gaps[longest[count - 1]] > _LONGER * rest:
            best = count
        elif best:  # the next is nothing special among what stays
            break
    return np.sort(longest[:best])
