"""From a figure's studies to its picture and claims; what is stored is not redone."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from analysis.campaign import Engine, in_process, load, run
from ccqed_ctrl.errors import CcqedError, ResultsError

from .figure import SCALES, Claim, PaperFigure, Scale, Tables

#: All figures' results, in the folder of `--store`.
STORE = "figures.sqlite"
_RESOLUTION = 130  # dots per inch


@dataclass(frozen=True)
class Made:
    """One figure, finished.

    picture: its PNG. tables: finished studies. tasks: how many it rests on.
    task_seconds: what they took when they were computed, all workers added up. seconds:
    what making it took now.
    """

    figure: PaperFigure
    scale: Scale
    picture: Path
    claims: tuple[Claim, ...]
    tables: Tables
    tasks: int
    task_seconds: float
    seconds: float


def largest_stored(figure: PaperFigure, store: Path) -> Scale:
    """Return the largest scale of a figure whose results are all stored.

    store: folder. Closed forms need no results and have the largest scale.

    Raises
    ------
    ResultsError
        None is complete, or the store fails.
    """
    for scale in reversed(SCALES):
        studies = figure.studies(scale)
        if all(load(store / STORE, study).complete for study in studies):
            return scale
    raise ResultsError(f"{str(store)!r} holds no scale of {figure.name} completely")


def left(
    figure: PaperFigure, scale: Scale, store: Path
) -> dict[str, tuple[int, float]]:
    """Return tasks that are not stored and their core seconds, by study.

    Of studies that tell the seconds of a task, where any are left. store: folder.

    Raises
    ------
    ResultsError
        The store fails.
    """
    found = {}
    for study in figure.studies(scale):
        if study.seconds is None:
            continue
        missing = math.prod(study.shape) - len(load(store / STORE, study))
        if missing:
            found[study.name] = missing, missing * study.seconds
    return found


def compute(
    figure: PaperFigure,
    scale: Scale,
    store: Path,
    *,
    engine: Engine = in_process,
    progress: bool = False,
) -> Tables:
    """Return a figure's finished studies by name; only missing tasks are computed.

    store: folder.

    Raises
    ------
    CcqedError
        Tasks failed; the others' results are stored.
    ResultsError
        The store fails.
    """
    tables = {}
    for study in figure.studies(scale):
        results = run(study, store / STORE, engine=engine, progress=progress)
        if results.failures:
            first = results.failures[0]
            raise CcqedError(
                f"{study.name}: {len(results.failures)} tasks failed, the first at "
                f"{dict(first.task.point)}, seed {first.task.seed}: {first.error}"
            )
        tables[study.name] = results
    return tables


def make(
    figure: PaperFigure,
    scale: Scale,
    store: Path,
    output: Path,
    *,
    engine: Engine = in_process,
    progress: bool = False,
) -> Made:
    """Compute what is missing, draw `output`/NAME.png and evaluate the claims.

    Raises
    ------
    CcqedError
        Tasks failed.
    ResultsError
        The store fails, or the picture cannot be written.
    """
    start = time.perf_counter()
    tables = compute(figure, scale, store, engine=engine, progress=progress)
    sheet = Figure(figsize=figure.size, layout="constrained")
    figure.draw(tables, sheet)
    picture = output / f"{figure.name}.png"
    try:
        output.mkdir(parents=True, exist_ok=True)
        # Without the version in it, the same results make the same file.
        sheet.savefig(picture, dpi=_RESOLUTION, metadata={"Software": None})
    except OSError as error:
        raise ResultsError(f"cannot write {str(picture)!r}: {error}") from error
    return Made(
        figure,
        scale,
        picture,
        tuple(figure.claims(tables)),
        tables,
        sum(len(table) for table in tables.values()),
        sum(table.seconds for table in tables.values()),
        time.perf_counter() - start,
    )
