"""The figures that can be made, by name."""

from __future__ import annotations

from collections.abc import Sequence

from ccqed_ctrl.errors import ParameterError

from . import (
    fig04,
    fig05,
    fig06,
    fig08,
    fig09,
    fig10,
    fig11,
    fig12,
    fig13,
    fig14,
    fig15,
    fig16,
    fig17,
    release,
)
from .figure import PaperFigure, near

#: In the order of the paper.
FIGURES: tuple[PaperFigure, ...] = (
    fig04.FIGURE,
    fig05.FIGURE,
    fig06.FIGURE,
    fig08.FIGURE,
    fig09.FIGURE,
    fig10.FIGURE,
    fig11.FIGURE,
    fig12.FIGURE,
    fig13.FIGURE,
    fig14.FIGURE,
    fig15.FIGURE,
    fig16.FIGURE,
    fig17.FIGURE,
)
#: Made by name only: what the paper has no figure of.
OTHERS: tuple[PaperFigure, ...] = (release.FIGURE,)


def select(names: Sequence[str]) -> tuple[PaperFigure, ...]:
    """Return the figures of these names in their order; all of the paper for none.

    Raises
    ------
    ParameterError
        An unknown figure, with the closest that is known.
    """
    known = [figure.name for figure in (*FIGURES, *OTHERS)]
    for name in names:
        if name not in known:
            raise ParameterError(f"no figure {name!r}{near(name, known)}")
    if not names:
        return FIGURES
    return tuple(one for one in (*FIGURES, *OTHERS) if one.name in names)
