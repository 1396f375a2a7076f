"""Panels of a hologram: frame, field, where the ensembles are and how they point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar
from numpy.typing import NDArray

from analysis.files.run import Run
from analysis.readout.demodulation import Field, demodulate, field_band
from ccqed_ctrl.errors import CcqedError
from ccqed_ctrl.holograms import FRAMES, HologramRecord
from ccqed_ctrl.params import Cavity, Cloud, Imaging

from .style import DOWN, UNKNOWN, UP, Panel, bare, colour_bar

MICRO: Final = 1e-6
#: Light below this share of the brightest is drawn as none: its phase is noise.
FAINT: Final = 0.05


@dataclass(frozen=True)
class Optics:
    """One shot's light and spins, lengths in um.

    frame: (ny, nx) counts. field: None where there is none, then `why` says so. half:
    from the centre of the frame to its edge. positions: (N, 2). spins, error: (N,), as
    decoded, and the probability that a sign is wrong. phase: rad, of a spin up.
    """

    frame: NDArray[Any]
    field: Field | None
    why: str
    half: float
    waist: float
    positions: NDArray[np.float64]
    spins: NDArray[np.int8]
    error: NDArray[np.float64]
    phase: float

    @classmethod
    def of(cls, run: Run, shot: int) -> Optics | None:
        """Read one shot; None if it is no hologram."""
        record: HologramRecord = run.as_record(HologramRecord)
        needed = (HologramRecord.frames, HologramRecord.positions, HologramRecord.spins)
        if not all(record.has(entry) for entry in needed):
            return None
        point = int(run.row(HologramRecord.point.key, shot))
        settings = run.settings(point)
        imaging = Imaging.from_dict(settings.get("imaging", {}))
        cloud = Cloud.from_dict(settings.get("cloud", {}))
        cavity = Cavity.from_dict(settings.get("cavity", {}))
        frames = record.row(HologramRecord.frames, shot)
        field, why = _field(frames, imaging, cloud)
        return cls(
            frames[-2], field, why,
            imaging.pixels * imaging.pixel_size / 2 / MICRO, cavity.waist / MICRO,
            run.at(HologramRecord.positions.key, point) / MICRO,
            record.row(HologramRecord.spins, shot),
            record.row(HologramRecord.error_probability, shot),
            float(record.row(HologramRecord.phase, shot)),
        )  # fmt: skip

    @property
    def panels(self) -> dict[str, Panel]:
        """Every panel, by what it shows."""
        return {
            "hologram": Panel(partial(_hologram, self)),
            "magnitude": Panel(partial(_magnitude, self)),
            "phase": Panel(partial(_phase, self)),
            "spins": Panel(partial(_spins, self)),
        }


def _field(
    frames: NDArray[Any], imaging: Imaging, cloud: Cloud
) -> tuple[Field | None, str]:
    """Return the field of a shot's frames (F, ny, nx), or why there is none."""
    if len(frames) < FRAMES:
        return None, f"{len(frames)} frames, not hologram and reference"
    band = field_band(cloud.size, imaging)
    try:
        return demodulate(frames[-2], frames[-1], imaging, band), ""
    except CcqedError as error:
        return None, str(error)


def _hologram(optics: Optics, axes: Axes) -> None:
    picture = _image(optics, axes, optics.frame, cmap="gray")
    axes.set_title("hologram")
    colour_bar(axes, picture, "counts")
    _scale(optics, axes)


def _magnitude(optics: Optics, axes: Axes) -> None:
    axes.set_title("field, magnitude")
    if optics.field is None:
        _nothing(axes, optics.why)
        return
    picture = _image(optics, axes, np.abs(optics.field.values), cmap="cividis", vmin=0)
    colour_bar(axes, picture, "√(photo-electrons) per pixel")
    _scale(optics, axes)


def _phase(optics: Optics, axes: Axes) -> None:
    axes.set_title("field, phase")
    if optics.field is None:
        _nothing(axes, optics.why)
        return
    values, phase = optics.field.values, optics.phase
    phase = phase if np.isfinite(phase) else 0.0
    # Turned by a quarter: in this cyclic map, up is then red and down blue.
    angle = np.angle(values * np.exp(-1j * (phase + np.pi / 2))) + np.pi / 2
    bright = np.abs(values) / max(float(np.percentile(np.abs(values), 99)), 1e-12)
    shown = np.clip((bright - FAINT) / (0.5 - FAINT), 0.0, 1.0)
    picture = _image(
        optics, axes, angle, cmap="twilight_r", vmin=-np.pi / 2, vmax=1.5 * np.pi,
        alpha=shown,
    )  # fmt: skip
    bar = colour_bar(axes, picture, "rad (pale: no light)")
    bar.set_ticks([-np.pi / 2, 0, np.pi / 2, np.pi, 1.5 * np.pi])
    bar.set_ticklabels(["−π/2", "0\nup", "π/2", "π\ndown", "3π/2"])
    _scale(optics, axes)


def _spins(optics: Optics, axes: Axes) -> None:
    axes.set_title("spins of the ensembles")
    positions, spins = optics.positions, optics.spins
    size = float(np.clip(3000 / max(len(spins), 1), 4, 45))
    sure = np.clip(-np.log10(np.maximum(optics.error, 1e-12)) / 6, 0.3, 1.0)
    for value, marker, colour, name in (
        (1, "^", UP, "up"), (-1, "v", DOWN, "down"), (0, "o", "none", "undetermined"),
    ):  # fmt: skip
        mine = spins == value
        x, y = positions[mine].T
        axes.scatter(
            x, y, s=size * (sure[mine] if value else 1.0), c=colour,
            marker=marker, linewidths=0 if value else 1, label=f"{name} {mine.sum()}",
            edgecolors=UNKNOWN,
        )  # fmt: skip
    axes.plot(*-positions.T, ".", ms=1.5, color="0.75", label="mirror images")
    half = max(optics.half, float(np.abs(positions).max(initial=0.0)) * 1.1)
    axes.set_xlim(-half, half)
    axes.set_ylim(-half, half)
    axes.set_aspect("equal")
    bare(axes)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2, handletextpad=0.2,
        columnspacing=1.0, borderpad=0.1,
    )  # fmt: skip
    _scale(optics, axes)


def _image(optics: Optics, axes: Axes, values: NDArray[Any], **style: Any) -> Any:
    half = optics.half
    picture = axes.imshow(
        values, origin="lower", extent=(-half, half, -half, half), **style
    )
    bare(axes)
    return picture


def _scale(optics: Optics, axes: Axes) -> None:
    """Mark the waist, and a round length of about a fifth of the width."""
    low, high = axes.get_xlim()
    length = _round((high - low) / 5)
    bar = AnchoredSizeBar(
        axes.transData, length, f"{length:g} µm", "lower left", pad=0.3,
        size_vertical=(high - low) / 100, fontproperties={"size": 7.5},
    )  # fmt: skip
    bar.patch.set(alpha=0.85, linewidth=0)
    axes.add_artist(bar)
    for colour, width in (("white", 2.0), ("black", 0.8)):
        axes.add_patch(
            Circle(
                (0, 0),
                optics.waist,
                fill=False,
                color=colour,
                linewidth=width,
                linestyle=(0, (3, 2)),
            )  # fmt: skip
        )
    axes.annotate(
        f"w₀ = {optics.waist:.3g} µm", (0.97, 0.03), xycoords="axes fraction",
        ha="right", va="bottom", fontsize=7.5,
        bbox={"fc": "white", "alpha": 0.85, "lw": 0, "pad": 1.5},
    )  # fmt: skip


def _round(length: float) -> float:
    """Return the largest of 1, 2, 5, 10... that is not above a length."""
    power = 10.0 ** np.floor(np.log10(length))
    return float(power * max(step for step in (1, 2, 5) if step * power <= length))


def _nothing(axes: Axes, why: str) -> None:
    bare(axes)
    axes.text(
        0.5, 0.5, f"no field: {why}", ha="center", va="center", wrap=True, fontsize=8,
        transform=axes.transAxes,
    )  # fmt: skip
