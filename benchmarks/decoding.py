"""`python -m benchmarks decoding [-o PAGE.md]`: are decoded spins, and doubts, right?

Random states of random layouts (N = 100, w = 2.5 w0), their light as the twin's modes
give it, on 512 x 512 pixels. With ideal calibration: bit errors at 100 photo-electrons
per ensemble, and how often signs are wrong beside how often they are said to be, with
less light. With a wrong map: the residual beside the first bit error, as magnification,
rotation and centre go wrong by steps. Ends with exit code 1 where that is not as
promised. Layouts taken are kept: the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.readout.decode import Decoder
from analysis.readout.demodulation import demodulate
from ccqed_ctrl.model.imaging import pixel_axis, reference_wave
from ccqed_ctrl.model.layout import sample_layout
from ccqed_ctrl.params import Cavity, Cloud, Imaging
from sim_backend.laboratory.physics import cavity as modes
from sim_backend.laboratory.physics.detection import hologram_rate
from sim_backend.laboratory.physics.geometry import turned
from sim_backend.laboratory.pixels import Pixels

from .sweep import Row, origin, sweep

Floats = NDArray[np.float64]

CAVITY, CLOUD, FAMILY = Cavity(), Cloud(), modes.ModeFamily()
#: Relative width, least distance (m), electrons per pixel of the reference.
WIDTH, GAP, REFERENCE = 2.5, 10e-6, 2e4
#: Electrons per ensemble: of the promise, and where errors can be counted.
BRIGHT, DIM = 100.0, (1.0, 2.0, 4.0)
#: What is promised: bit errors, the curve's deviation, the residual that alarms: four
#: deviations of its noise, 2 sqrt(18000 components of the band) over 1e4 e- of signal.
BIT_ERROR, CURVE, ALARM = 1e-3, 0.2, 0.106
#: Where said probabilities are binned; a bin with fewer expected errors says nothing.
EDGES, FEW = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.2, 0.35, 0.5), 50
#: The wrong maps at full size, and the steps (fractions) towards them.
WRONG = {"magnification": 0.03, "rotation": np.radians(1.0), "centre": 3e-6}
STEPS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0)


@dataclass(frozen=True)
class Bench:
    """One layout, of which all is known.

    positions: (N, 2) m. decoder: believes them. imager: of the camera.
    """

    positions: Floats
    imaging: Imaging
    decoder: Decoder
    imager: modes.ModeImager

    @classmethod
    def of(cls, seed: int, ensembles: int, pixels: int, width: float) -> Bench:
        rng = np.random.default_rng([seed, 0])
        imaging = Imaging(pixels=pixels)
        sites = sample_layout(ensembles, width * CAVITY.waist, GAP, rng)
        axis = pixel_axis(imaging)
        decoder = Decoder.of_layout(sites, CAVITY, CLOUD, imaging)
        imager = modes.ModeImager.on_grid(axis, axis, CAVITY.waist, FAMILY)
        return cls(sites, imaging, decoder, imager)

    def misplaced(self, what: str, size: float) -> Floats:
        """Return positions (N, 2) as the camera sees them by a wrong map."""
        if what == "centre":
            return self.positions + np.array([size, 0.0])
        if what == "rotation":
            return turned(self.positions, 1.0, size)
        return turned(self.positions, 1 + size, 0.0)

    def clouds(self, positions: Floats) -> Floats:
        """Return the modes (K, N) of ensembles at positions (N, 2) m."""
        return modes.cloud_averages(positions, CLOUD.size, CAVITY.waist, FAMILY)

    def shot(
        self, clouds: Floats, light: float, rng: np.random.Generator
    ) -> tuple[NDArray[np.bool_], Floats, float]:
        """Return wrong signs (N,), said probabilities (N,) and residual of a shot.

        light: electrons of the mean ensemble alone.
        """
        spins = rng.choice([-1, 1], len(self.positions))
        response = FAMILY.response(CAVITY)
        alone = np.mean(np.sum(np.abs(clouds * response[:, None]) ** 2, axis=0))
        scale = np.sqrt(light / alone) * self.imaging.pixel_size
        field = scale * self.imager.field(response * (clouds @ spins))
        wave = reference_wave(self.imaging) * np.sqrt(REFERENCE)
        hologram, reference = (
            Pixels(self.imaging).expose(hologram_rate(part, wave), rng)
            for part in (field, np.zeros_like(field))
        )
        seen = demodulate(hologram, reference, self.imaging, self.decoder.band)
        found = self.decoder.decode(seen)
        signs = np.sign((found.amplitudes * np.exp(-1j * found.phase)).real)
        return signs != spins, found.error_probability, found.residual_fraction


def take(
    seed: int,
    states: int,
    *,
    ensembles: int = 100,
    pixels: int = 512,
    width: float = WIDTH,
    light: float = BRIGHT,
) -> Row:
    """Return what the frames of one layout say."""
    bench = Bench.of(seed, ensembles, pixels, width)
    rng = np.random.default_rng([seed, 1])
    ideal = bench.clouds(bench.positions)
    bright = [bench.shot(ideal, light, rng) for _ in range(states)]
    curve = np.zeros((len(EDGES) - 1, 3))  # signs, said and counted errors
    for dim in DIM:
        for _ in range(states):
            wrong, said, residual = bench.shot(ideal, dim, rng)
            if residual == 1.0:
                continue  # called dark: nothing was claimed
            for row, low, high in zip(curve, EDGES[:-1], EDGES[1:], strict=True):
                chosen = (said >= low) & (said < high)
                row += chosen.sum(), said[chosen].sum(), wrong[chosen].sum()
    alarms: dict[str, list[list[float]]] = {}
    for what, full in WRONG.items():
        alarms[what] = []
        for step in STEPS:
            clouds = bench.clouds(bench.misplaced(what, step * full))
            wrong, _, residual = bench.shot(clouds, light, rng)
            alarms[what].append([int(wrong.sum()), residual])
    return {
        "bits": states * ensembles,
        "wrong": int(sum(wrong.sum() for wrong, *_ in bright)),
        "residual": float(max(residual for *_, residual in bright)),
        "curve": curve.tolist(),
        "alarms": alarms,
    }


def verdicts(rows: Sequence[Row]) -> list[tuple[str, str, str, bool]]:
    """Return (what, promised, found, kept)."""
    bits, wrong = sum(row["bits"] for row in rows), sum(row["wrong"] for row in rows)
    found = [(
        f"bit errors, {BRIGHT:g} e- per ensemble", f"below {BIT_ERROR:g}",
        f"{wrong} of {bits}", wrong < BIT_ERROR * bits,
    )]  # fmt: skip
    quiet = max(row["residual"] for row in rows)
    found.append(
        ("largest residual of them", f"below {ALARM:g}", f"{quiet:.3f}", quiet < ALARM)
    )
    curve = np.sum([row["curve"] for row in rows], axis=0)
    for (count, said, errors), low, high in zip(
        curve, EDGES[:-1], EDGES[1:], strict=True
    ):
        if said >= FEW:
            ratio = errors / said
            what = f"said {low:g} to {high:g} ({count:.0f} signs): errors over said"
            kept = abs(ratio - 1) < CURVE
            found.append((what, f"1 within {CURVE:g}", f"{ratio:.2f}", kept))
    for what in WRONG:
        steps = np.array([row["alarms"][what] for row in rows])
        silent = int(np.count_nonzero((steps[..., 0] > 0) & (steps[..., 1] < ALARM)))
        least = float(steps[:, -1, 1].min())
        found.append((
            f"wrong {what}: frames with bit errors and no alarm", "none",
            f"{silent}; residual at full size at least {least:.2f}",
            silent == 0 and least >= ALARM,
        ))  # fmt: skip
    return found


def table(rows: Sequence[Row], states: int) -> tuple[str, bool]:
    """Return the page, and whether all promises were kept."""
    lines = [
        "# Decoding: random states of random layouts",
        "",
        f"`python -m benchmarks decoding`: {len(rows)} layouts of 100 ensembles at "
        f"w = {WIDTH:g} w0, {states} states at each light; reference {REFERENCE:g} e- "
        f"per pixel; curve at {', '.join(f'{light:g}' for light in DIM)} e- per "
        f"ensemble; alarm: a residual of {ALARM:g}. Full size of the wrong maps: 3 %, "
        "1 degree, 3 um.",
        "",
        "| what | promised | found | |",
        "| --- | --- | --- | --- |",
    ]
    found = verdicts(rows)
    for what, promised, seen, kept in found:
        verdict = "met" if kept else "MISSED"
        lines.append(f"| {what} | {promised} | {seen} | {verdict} |")
    steps = ", ".join(f"{step:g}" for step in STEPS)
    lines += ["", f"Mean bit errors, residual at {steps} of the full size:", ""]
    for what in WRONG:
        mean = np.mean([row["alarms"][what] for row in rows], axis=0)
        cells = "; ".join(f"{wrong:.1f}, {rest:.2f}" for wrong, rest in mean)
        lines.append(f"* {what}: {cells}")
    lines += ["", origin([row["seed"] for row in rows])]
    return "\n".join(lines) + "\n", all(kept for *_, kept in found)


def get_argparser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks decoding", description=__doc__
    )
    parser.add_argument("--seeds", type=int, default=20, help="layouts")
    parser.add_argument("--states", type=int, default=10, help="at each light")
    parser.add_argument("--jobs", type=int, default=1, help="layouts at a time")
    parser.add_argument("-o", "--output", type=Path, help="also write the page here")
    return parser


def main(arguments: list[str]) -> int:
    """Measure, print the page, and say by the exit code whether promises were kept."""
    options = get_argparser().parse_args(arguments)
    rows = sweep(
        "decoding", {"states": options.states}, range(options.seeds),
        lambda seed: take(seed, options.states), jobs=options.jobs,
    )  # fmt: skip
    page, kept = table(rows, options.states)
    print(page)
    if options.output:
        options.output.write_text(page)
    return 0 if kept else 1
