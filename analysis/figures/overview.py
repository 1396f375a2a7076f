"""The figures of `ccqed show`: the run with its median shot, and one shot in full."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_lowercase

import matplotlib as mpl
from matplotlib.figure import Figure, SubFigure

from analysis.files.run import Run
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.errors import ResultsError
from ccqed_ctrl.records.shots import ShotRecord

from .anything import array_panels, file_panels
from .curves import quantity_panel
from .facts import run_facts, shot_facts
from .images import image_panels, recalled_as, run_overlaps, shot_overlaps
from .measured import Measured, Shots, scalars
from .optics import Optics
from .recalls import Recalls
from .style import SIZE, STYLE, WRONG, Panel, draw_row, parts, text_panel, words
from .summaries import summed, summed_panel

#: Quantities drawn in a row, and lines of a list that is as high as the figure.
MOST_QUANTITIES, MOST_LINES = 3, 50


def pages(run: Run) -> Iterator[Figure]:
    """Yield the figure of the run, then one of each shot."""
    yield run_figure(run)
    for shot in range(run.shots if _is_ours(run) else 0):
        yield shot_figure(run, shot)


def run_figure(run: Run) -> Figure:
    """Draw a run: what was measured, with its uncertainty, and the median shot.

    A file of others is drawn as far as it goes: its numbers listed, its arrays plotted.

    Raises
    ------
    ResultsError
        No shot is complete.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        if _is_ours(run):
            _Drawing(run).draw_run(figure)
        else:
            _draw_foreign(figure, run)
    return figure


def shot_figure(run: Run, shot: int) -> Figure:
    """Draw one shot in full.

    Raises
    ------
    ResultsError
        The file has no such shots as ours.
    """
    if not _is_ours(run):
        raise ResultsError(
            f"{run.path.name} has no shots that are known as such: only the whole file "
            "can be shown"
        )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        _Drawing(run).draw_shot(figure, shot)
    return figure


def _is_ours(run: Run) -> bool:
    return ShotRecord.point.key in run.entries


class _Drawing:
    """What both figures need of a run."""

    def __init__(self, run: Run) -> None:
        if run.shots == 0:
            raise ResultsError(f"{run.path.name} holds no complete shot")
        self.run = run
        self.shots = Shots.of(run)
        self.recalls = Recalls.of(run)

    def draw_run(self, figure: Figure) -> None:
        """Draw the run above its median shot."""
        run = self.run
        total = run.get("progress.total") if run.has("progress.total") else run.shots
        title = f"{run.header.class_name}, {run.title}: {run.shots} of {total} shots"
        figure.suptitle(title, weight="bold")
        above, below = parts(figure, 1, 2)
        against = [f"{words(scan.name)}, {scan.doc}" for scan in self.shots.scans]
        if against:
            above.suptitle(f"Against {'; '.join(against)}", x=0.01, ha="left")
        quantities = self._quantities()
        letters = iter(ascii_lowercase)
        draw_row(above, self._run_panels(quantities), letters)
        self._draw_median(below, quantities, letters)

    def draw_shot(self, figure: Figure, shot: int) -> None:
        """Draw one shot, everything of it."""
        run, recalls = self.run, self.recalls
        title = f"{run.header.class_name}, {run.title}: shot {shot}{self._where(shot)}"
        said = f", {recalls.sentence(shot)}" if recalls else ""
        figure.suptitle(title + said, weight="bold")
        facts = text_panel(shot_facts(run, shot))
        upper: list[Panel] = []
        if recalls:
            upper = [*image_panels(run, recalls, shot), shot_overlaps(recalls, shot)]
        optics = Optics.of(run, shot)
        lower = list(optics.panels.values()) if optics else []
        if not (upper or lower):
            upper = array_panels(run, shot)
        rows = [row for row in ([*upper, facts], lower) if row]
        places = parts(figure, 1, len(rows))
        letters = iter(ascii_lowercase)
        for place, panels in zip(places, rows, strict=True):
            draw_row(place, panels, letters)
        self._verdict(places[0], shot)

    def _quantities(self) -> list[Measured]:
        if self.recalls is None:
            return scalars(self.run)
        first = [self.recalls.overlap, self.recalls.exact, self.recalls.right]
        return first + scalars(self.run)

    def _run_panels(self, quantities: list[Measured]) -> list[Panel]:
        shots, recalls = self.shots, self.recalls
        curves = [] if recalls or len(shots.scans) != 1 else summed(self.run)
        most = max(MOST_QUANTITIES - len(curves), 0)
        panels = [summed_panel(shots, one) for one in curves]
        panels += [quantity_panel(shots, one) for one in quantities[:most]]
        if recalls and not shots.scans:
            nearest = [recalled_as(recalls, shots.good)]
            panels = [panels[0], *nearest, run_overlaps(recalls, shots.good)]
        return [*panels, text_panel(run_facts(self.run, shots, quantities))]

    def _draw_median(
        self, part: SubFigure, quantities: list[Measured], letters: Iterator[str]
    ) -> None:
        run, recalls = self.run, self.recalls
        shot = self.shots.median(quantities[0]) if quantities else run.shots - 1
        optics = Optics.of(run, shot)
        panels: list[Panel] = list(image_panels(run, recalls, shot)) if recalls else []
        if optics:
            shown = optics.panels
            if recalls:
                del shown["magnitude"]
            panels += shown.values()
        else:
            panels = array_panels(run, shot)
        if not panels:
            return
        title = f"Median shot {shot}{self._where(shot)}"
        said = f": {recalls.sentence(shot)}" if recalls else ""
        part.suptitle(title + said, x=0.01, ha="left", weight="bold")
        self._verdict(part, shot)
        draw_row(part, panels, letters)

    def _where(self, shot: int) -> str:
        place = self.shots.where(shot)
        return f", at {place}" if place else ""

    def _verdict(self, part: SubFigure, shot: int) -> None:
        """Say in red what is wrong with a shot."""
        word = self.shots.verdicts[shot]
        if word == Verdict.ok:
            return
        meanings = {str(known): f": {known.meaning}" for known in Verdict}
        told = f"shot {shot} is not ok: {word}{meanings.get(word, '')}"
        part.text(0.99, 0.99, told, color=WRONG, ha="right", va="top", weight="bold")


def _draw_foreign(figure: Figure, run: Run) -> None:
    lines, panels = file_panels(run)
    figure.suptitle(
        f"{run.path.name}, {run.title}: no schema of ours, datasets as they are",
        weight="bold",
    )
    left, right = parts(figure, 2, 1, (1.0, 2.2))
    letters = iter(ascii_lowercase)
    draw_row(left, [text_panel(lines, MOST_LINES)], letters)
    columns = min(len(panels), 3) or 1
    rows = -(-len(panels) // columns) or 1
    for part, panel in zip(parts(right, columns, rows), panels, strict=False):
        draw_row(part, [panel], letters)
