"""Panels of images: stored, shown, recalled; and how near they are to each memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from analysis.files.run import Run
from analysis.statistics import Estimate, binomial
from ccqed_ctrl.recalling import RecallRecord

from .measured import Mask, Measured, estimate
from .recalls import Recalls
from .style import MAIN, UNKNOWN, WRONG, Panel, bare

#: Memories that a panel can name.
MOST: Final = 20


def image_panels(run: Run, recalls: Recalls, shot: int) -> Iterator[Panel]:
    """Yield stored pattern, cue and recalled image of a shot."""
    record: RecallRecord = run.as_record(RecallRecord)
    point = int(record.row(RecallRecord.point, shot))
    shape = tuple(run.at(RecallRecord.image_shape.key, point))
    cued = int(recalls.cued[shot])
    stored = run.at(RecallRecord.patterns.key, point)[cued]
    name = recalls.names[shot][cued]
    yield Panel(partial(_image, stored.reshape(shape), f"stored '{name}'", None))
    for key, title in ((RecallRecord.cue, "cue"), (RecallRecord.recalled, "recalled")):
        pixels = record.row(key, shot)
        overlap = float(pixels.astype(float) @ stored) / len(stored)
        yield Panel(
            partial(
                _image,
                pixels.reshape(shape),
                f"{title}, overlap {overlap:.2f}",
                (pixels != stored).reshape(shape),
            )  # fmt: skip
        )


def _image(
    pixels: NDArray[Any], title: str, wrong: NDArray[np.bool_] | None, axes: Axes
) -> None:
    axes.imshow(pixels, cmap="gray_r", vmin=-1, vmax=1.6)
    axes.set_title(title)
    bare(axes)
    if wrong is None:
        axes.set_xlabel("dark: ink (+1)", fontsize=7.5)
        return
    rows, columns = np.nonzero(wrong)
    size = float(np.clip(60 / max(pixels.shape), 2, 8))
    axes.plot(
        columns, rows, "x", color=WRONG, ms=size, mew=size / 3.5,
        label=f"{len(rows)} of {wrong.size} pixels differ",
    )  # fmt: skip
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), borderpad=0.1)


def shot_overlaps(recalls: Recalls, shot: int) -> Panel:
    """Return a panel of one recalled image's overlap with each memory."""
    values = recalls.overlaps[shot]
    known = Estimate(values, *[np.full_like(values, np.nan)] * 3)

    def draw(axes: Axes) -> None:
        shown = _shown(values, recalls.cued[shot])
        _memories(axes, recalls, shot, known, shown, int(recalls.nearest[shot]))
        axes.set_xlim(min(-1.0, float(values.min())), 1.05)
        axes.set_xlabel("overlap with the recalled image")
        axes.set_title("overlap with each memory")

    return Panel(draw, 1.3)


def run_overlaps(recalls: Recalls, good: Mask) -> Panel:
    """Return a panel of the mean overlap with each memory, all shots cued alike."""
    columns = [Measured("", "", values) for values in recalls.overlaps.T]
    group = np.zeros(len(good), np.int64)
    found = [estimate(one, group, 1, good) for one in columns]
    means = Estimate(*(
        np.concatenate([getattr(one, name) for one in found])
        for name in ("value", "error", "low", "high")
    ))  # fmt: skip

    def draw(axes: Axes) -> None:
        _memories(axes, recalls, 0, means, _shown_in_run(recalls, good))
        axes.tick_params(axis="y", labelleft=False)
        axes.set_xlim(-1, 1.05)
        axes.set_xlabel("mean ± standard error")
        axes.set_title("overlap with each memory")

    return Panel(draw, 1.0)


def recalled_as(recalls: Recalls, good: Mask) -> Panel:
    """Return a panel of how often each memory was the nearest, all shots cued alike."""
    count = np.bincount(recalls.nearest[good], minlength=recalls.names.shape[1])
    shares = binomial(count, int(good.sum()))
    # What never came up says nothing by its interval: all such have the same.
    shares.error[count == 0] = shares.low[count == 0] = shares.high[count == 0] = np.nan

    def draw(axes: Axes) -> None:
        shown = _shown_in_run(recalls, good)
        _memories(axes, recalls, 0, shares, shown)
        for row, index in enumerate(shown):
            if count[index]:
                axes.annotate(
                    f"{count[index]}", (1.0, row), xycoords=("axes fraction", "data"),
                    va="center", fontsize=7.5, color=MAIN,
                )  # fmt: skip
        axes.set_xlim(0, 1.05)
        axes.set_xlabel("share, Wilson 95 %")
        axes.set_title(f"recalled as (shots: {good.sum()})")

    return Panel(draw, 1.0)


def _shown_in_run(recalls: Recalls, good: Mask) -> NDArray[np.int64]:
    return _shown(recalls.overlaps[good].mean(axis=0), recalls.cued[0])


def _shown(values: NDArray[Any], cued: int) -> NDArray[np.int64]:
    """Return the memories to name: the cued one and the nearest, in stored order."""
    order = np.argsort(-np.nan_to_num(values), kind="stable")
    order = np.concatenate([[cued], order[order != cued]])
    return np.sort(order[:MOST])


def _memories(
    axes: Axes,
    recalls: Recalls,
    shot: int,
    values: Estimate,
    shown: NDArray[np.int64],
    taken: int | None = None,
) -> None:
    """Draw a bar for each memory; mark the cued one, and which it is taken for."""
    cued = recalls.cued[shot]
    rows = np.arange(len(shown))
    marks = {taken: ("recalled", WRONG), int(cued): ("cued", MAIN)}
    colours = [marks.get(int(index), ("", UNKNOWN))[1] for index in shown]
    axes.barh(rows, values.value[shown], color=colours, height=0.7, alpha=0.75)
    axes.errorbar(
        values.value[shown], rows, xerr=values.bars[:, shown], fmt="none",
        ecolor="black", elinewidth=1, capsize=2,
    )  # fmt: skip
    texts = [str(name) for name in recalls.names[shot][shown]]
    for row, index in enumerate(shown):
        if int(index) in marks:
            texts[row] += f" ({marks[int(index)][0]})"
    axes.set_yticks(rows, texts)
    for text, colour in zip(axes.get_yticklabels(), colours, strict=True):
        if colour != UNKNOWN:
            text.set(weight="bold", color=colour)
    axes.invert_yaxis()
    axes.axvline(0, color="black", lw=0.8)
    left = recalls.names.shape[1] - len(shown)
    if left:
        axes.annotate(
            f"and {left} more", (1, 0), xycoords="axes fraction", ha="right",
            va="bottom", fontsize=7.5,
        )  # fmt: skip
