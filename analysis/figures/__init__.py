"""Figures for the logbook: of any run, drawn from what its file holds."""

from .overview import pages, run_figure, shot_figure

__all__ = ["pages", "run_figure", "shot_figure"]
