"""Figures of known files, and what is written on them."""

from __future__ import annotations

import pytest

from analysis.figures import run_figure, shot_figure
from analysis.files.run import Run


@pytest.fixture
def draw():
    """Draw a file: the run, or one shot; on the way the layout must succeed."""

    def drawn(path, shot=None):
        with Run(path) as run:
            figure = run_figure(run) if shot is None else shot_figure(run, shot)
        figure.draw_without_rendering()
        return figure

    return drawn


@pytest.fixture
def texts():
    """Return everything that is written on a figure, legends too, as one text."""

    def written(figure):
        shown = [text.get_text() for text in figure.findobj(_is_text)]
        return "\n".join(text for text in shown if text)

    return written


def _is_text(artist):
    return hasattr(artist, "get_text") and artist.get_visible()


@pytest.fixture
def panel():
    """Return the one panel whose title, after its letter, begins so."""

    def found(figure, title):
        (axes,) = [
            axes
            for axes in figure.axes
            if axes.get_title(loc="left").partition(") ")[2].startswith(title)
        ]
        return axes

    return found
