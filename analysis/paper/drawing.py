"""How all figures look: colours, panel letters, curves with error bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from numpy.typing import ArrayLike

from analysis.statistics import Estimate

#: Distinct also in grey and for colour-blind readers (after Okabe and Ito).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
#: The two rate models, everywhere the same.
KERNEL_COLOURS = {"exact": "#0072b2", "printed": "#d55e00"}
KERNEL_TITLES = {"exact": "exact (corrected)", "printed": "as printed"}


def panel(axes: Axes, letter: str, title: str = "") -> None:
    """Write the letter of a panel above its left corner, with a title."""
    axes.set_title(f"({letter}) {title}".rstrip(), loc="left", fontsize=10)


def with_bars(axes: Axes, x: ArrayLike, estimate: Estimate, **style: Any) -> None:
    """Draw points with confidence intervals, joined by a thin line.

    x: (K,), in the units of the axis. estimate: of K values. style: of `errorbar`.
    """
    defaults: dict[str, Any] = {
        "marker": "o", "ms": 3, "lw": 1, "capsize": 2, "elinewidth": 1
    }  # fmt: skip
    style = defaults | style
    axes.errorbar(np.asarray(x), estimate.value, yerr=estimate.bars, **style)


def log_axis(axes: Axes, ticks: Sequence[float]) -> None:
    """Make x logarithmic with these numbers written out, and no others."""
    axes.set_xscale("log")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
