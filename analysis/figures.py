"""Figures for the logbook."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .files.records import Record

#: Colours of a spin up, down and undetermined.
UP, DOWN, UNKNOWN = "#c8102e", "#1f4e9c", "#9a9a9a"


def recall_figure(record: Record, shot: int) -> Figure:
    """Draw one shot of a recall: cue, hologram, field, spins, image, overlaps.

    Parameters
    ----------
    record : Record
    shot : int
        Index of a complete shot.
    """
    figure = Figure(figsize=(13.5, 7.2), layout="constrained")
    axes = figure.subplots(2, 4)
    names = record.get("memory.names")
    cued = names[record.get("memory.cued")]
    wrong = int(record.row("shot.pixels_wrong", shot))
    figure.suptitle(
        f"Recall of {cued!r}, shot {shot}: {wrong} pixels wrong   ({record.title})"
    )
    shape = tuple(record.get("memory.shape"))
    cue = record.row("shot.cue", shot)
    recalled = record.row("shot.recalled", shot)
    target = record.get("memory.patterns")[record.get("memory.cued")]
    _image(axes[0, 0], cue.reshape(shape), "cue", (cue != target).reshape(shape))
    _image(
        axes[1, 0], recalled.reshape(shape), "recalled",
        (recalled != target).reshape(shape),
    )  # fmt: skip
    _hologram(axes[0, 1], record.row("shot.frames", shot)[0], figure)
    _spins(axes[1, 1], record, shot)
    field = record.row("shot.field", shot)
    _magnitude(axes[0, 2], field, figure)
    _phase(axes[1, 2], field, float(record.row("shot.phase", shot)), figure)
    _overlaps(axes[0, 3], names, record.row("shot.overlaps", shot))
    _facts(axes[1, 3], record, shot)
    return figure


def _image(
    axes: Any, image: NDArray[Any], title: str, wrong: NDArray[np.bool_]
) -> None:
    axes.imshow(image, cmap="gray_r", vmin=-1, vmax=1)
    rows, columns = np.nonzero(wrong)
    axes.plot(columns, rows, "x", color=UP, ms=7, mew=2)
    axes.set_title(f"{title} ({len(rows)} px differ)")
    axes.set_xticks([])
    axes.set_yticks([])


def _hologram(axes: Any, frame: NDArray[Any], figure: Figure) -> None:
    picture = axes.imshow(frame, cmap="gray", origin="lower")
    axes.set_title("hologram")
    axes.set_xticks([])
    axes.set_yticks([])
    figure.colorbar(picture, ax=axes, label="counts", shrink=0.8)


def _magnitude(axes: Any, field: NDArray[Any], figure: Figure) -> None:
    picture = axes.imshow(np.abs(field), cmap="magma", origin="lower")
    axes.set_title("field, magnitude")
    axes.set_xticks([])
    axes.set_yticks([])
    figure.colorbar(picture, ax=axes, label="sqrt(e-)", shrink=0.8)


def _phase(axes: Any, field: NDArray[Any], phase: float, figure: Figure) -> None:
    # Turned by a quarter, so that 0 (up) is red and pi (down) blue in a cyclic map.
    angle = np.angle(field * np.exp(-1j * (phase + np.pi / 2))) + np.pi / 2
    # Where there is no light the phase is noise: fade it out.
    bright = np.abs(field) / max(float(np.percentile(np.abs(field), 99)), 1e-12)
    picture = axes.imshow(
        angle, cmap="twilight_r", vmin=-np.pi / 2, vmax=1.5 * np.pi, origin="lower",
        alpha=np.clip(bright, 0.0, 1.0),
    )  # fmt: skip
    axes.set_title("field, phase")
    axes.set_xticks([])
    axes.set_yticks([])
    figure.colorbar(picture, ax=axes, label="rad", shrink=0.8)


def _spins(axes: Any, record: Record, shot: int) -> None:
    positions = record.get("plan.positions") * 1e6
    spins = record.row("shot.spins", shot)
    error = record.row("shot.error_probability", shot)
    colour = np.where(spins > 0, UP, np.where(spins < 0, DOWN, UNKNOWN))
    confidence = np.clip(-np.log10(np.maximum(error, 1e-12)) / 6, 0.1, 1.0)
    axes.scatter(*positions.T, s=90 * confidence, c=list(colour), linewidths=0)
    axes.set_aspect("equal")
    axes.set_xlabel("x (um)")
    axes.set_ylabel("y (um)")
    axes.set_title("spins (size: confidence)")


def _overlaps(axes: Any, names: list[str], overlaps: NDArray[Any]) -> None:
    order = np.arange(len(names))
    best = int(np.argmax(overlaps))
    colours = [UP if index == best else UNKNOWN for index in order]
    axes.barh(order, overlaps, color=colours)
    axes.set_yticks(order, names)
    axes.invert_yaxis()
    axes.set_xlim(-1, 1)
    axes.axvline(0, color="black", lw=0.8)
    axes.set_title("overlap with the memories")


def _facts(axes: Any, record: Record, shot: int) -> None:
    spins = record.row("shot.spins", shot)
    lines = [
        f"cue overlap        {record.row('shot.cue_overlap', shot):.3f}",
        f"recalled overlap   "
        f"{record.row('shot.overlaps', shot)[record.get('memory.cued')]:.3f}",
        f"spins undetermined {np.count_nonzero(spins == 0)} of {len(spins)}",
        f"worst P(wrong)     {record.row('shot.error_probability', shot).max():.1e}",
        f"residual fraction  {record.row('shot.residual', shot):.4f}",
        f"emission phase     {record.row('shot.phase', shot):.2f} rad",
        f"saturated pixels   {record.row('shot.saturated', shot)}",
        f"layout rms width   {record.get('plan.realised_width') * 1e6:.1f} um",
        f"photons scattered  {record.get('plan.scattered'):.2f} per atom",
        f"root seed          {record.get('seed')}",
        f"backend            {record.get('backend')}",
        f"file               {record.path.name}",
    ]
    axes.axis("off")
    axes.text(0.0, 0.98, "\n".join(lines), family="monospace", fontsize=9, va="top")
