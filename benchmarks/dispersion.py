"""`python -m benchmarks dispersion [-o PAGE.md] [--layouts L]`: what the shift leaves.

Rewrites the generated tables of docs/imperfections.md: every knob with its value in
each scenario, and what survives of the memory where the atoms' dispersive shift of the
cavity is switched on. The recalls are semiclassical, with the field ramped off
(physics.md 6b), from minima of the unshifted couplings.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.paper.release_shots import Operation, flipped
from ccqed_ctrl.model import layout, relaxation
from ccqed_ctrl.model.emission import overlap_kernel
from ccqed_ctrl.rng import stream
from ccqed_ctrl.units import SCALES, TWO_PI, angular
from sim_backend.laboratory import imperfections
from sim_backend.laboratory.physics import semiclassical
from sim_backend.laboratory.physics.dispersion import shifted_couplings
from sim_backend.laboratory.physics.system import Floats, SpinSystem
from sim_backend.laboratory.scenario import TRUTH, Scenario

from .sweep import ROOT

PAGE = ROOT / "docs/imperfections.md"
#: (Delta_A, GHz; M): no shift, the paper's, fewer atoms, farther from resonance, both.
POINTS = (
    (math.inf, 100_000), (100, 100_000), (100, 10_000), (100, 2_000), (300, 100_000),
    (1000, 100_000), (2000, 100_000), (2000, 30_000),
)  # fmt: skip
#: Of these the recalls are run.
RECALLED = (
    (math.inf, 100_000), (100, 100_000), (1000, 100_000), (2000, 100_000),
)  # fmt: skip
SITES, MINIMA = 64, 24


@dataclass(frozen=True)
class Row:
    """One operating point, means over layouts; recall and its error where run.

    shift: median over sites, rad/s, downwards. blue: share of the modes on the blue
    side. change: relative change of the couplings beyond a common factor. overlap,
    kept: of minima after relaxing under the shifted couplings. rabi_frequency: at 1.3
    of the threshold. photons: per atom and shot. recall: exact returns from 10 % flips.
    """

    detuning: float
    atoms: int
    shift: float
    blue: float
    change: float
    overlap: float
    kept: float
    rabi_frequency: float
    photons: float
    recall: float | None = None
    error: float = 0.0


def kernel_of(number: int) -> Floats:
    """Return A_ij of one layout, J in units of J0."""
    operation = Operation()
    rng = stream(number, "layout of the dispersive shift")
    sites = layout.sample_layout(SITES, 1.5 * operation.cavity.waist, 10e-6, rng)
    return overlap_kernel(sites, operation.cavity.waist, operation.cloud.size)


def shifted(operation: Operation, kernel: Floats, detuning: float) -> SpinSystem:
    """Return the ensembles with the shifts of atoms at a Delta_A (rad/s, negative)."""
    system, cavity = operation.system(kernel), operation.cavity
    coupling = operation.atoms * cavity.single_photon_coupling**2 / detuning
    shifts = coupling * np.diag(kernel) / TWO_PI
    return dataclasses.replace(system, site_detunings=cavity.pump_detuning - shifts)


def survey(detuning: float, atoms: int, layouts: int) -> Row:
    """Return what is left of couplings and minima at one point."""
    operation = Operation(atoms=atoms)
    found = []
    for number in range(layouts):
        kernel = kernel_of(number)
        system = shifted(operation, kernel, -angular(detuning * 1e9))
        before, after = system.couplings, shifted_couplings(system)
        off = ~np.eye(SITES, dtype=bool)
        factor = before[off] @ after[off] / (before[off] @ before[off])
        rest = np.linalg.norm(after[off] - factor * before[off])
        rng = stream(number, "minima")
        minima = relaxation.sample_minima(before, MINIMA, rng=rng)
        ends = relaxation.relax(after, minima).spins
        overlaps = np.mean(ends * minima, axis=1)
        modes, _ = semiclassical.modes(system)
        found.append(
            (
                np.median(system.site_detunings) - system.cavity.pump_detuning,
                np.mean(modes > 0),
                rest / np.linalg.norm(factor * before[off]),
                np.mean(np.abs(overlaps)),
                np.mean(np.abs(overlaps) == 1),
            )
        )
    pump = operation.pump
    # Omega of the threshold scales with Delta_A; photons at a given P/P_th do not.
    far = angular(detuning * 1e9) / abs(pump.atomic_detuning)
    rabi = pump.rabi_frequency * np.sqrt(operation.power) * far
    means = (float(value) for value in np.mean(found, axis=0))
    return Row(detuning, atoms, *means, float(rabi), operation.scattered)


def recall(detuning: float, atoms: int, layouts: int) -> tuple[float, float]:
    """Return the share of exact returns from 10 % flips, and its error."""
    operation, returns = Operation(atoms=atoms), []
    for number in range(layouts):
        system = shifted(operation, kernel_of(number), -angular(detuning * 1e9))
        rng = stream(number, "recalls")
        (minimum,) = relaxation.sample_minima(system.couplings, 1, rng=rng)
        cue = flipped(minimum, 0.1, rng.permutation(SITES))
        drive = operation.waveform(system, cue)
        state = semiclassical.normal_state(system.spins, rng)
        end = semiclassical.evolve(
            system, drive, state, sample_times=drive.times[-1:], rng=rng
        )
        returns.append(np.all(np.sign(end.magnetization[-1]) == minimum))
    share = float(np.mean(returns))
    return share, float(np.sqrt(max(share * (1 - share), 0.25 / layouts) / layouts))


def survival(rows: Sequence[Row]) -> str:
    """Return the table of operating points."""
    lines = [
        "| Delta_A / 2 pi | M | shift / 2 pi | blue modes | change of J | overlap | "
        "minima kept | Omega / 2 pi | photons per atom | exact recalls |",
        "| --- " * 10 + "|",
    ]
    for row in rows:
        recalled = "" if row.recall is None else f"{row.recall:.2f}({row.error:.2f})"
        near = math.isfinite(row.detuning)
        rabi = f"{row.rabi_frequency / angular(1e9):.2f} GHz" if near else ""
        lines.append(
            f"| {f'-{row.detuning:g} GHz' if near else 'no shift'} | {row.atoms:.0e} | "
            f"{row.shift / angular(1e6):.2f} MHz | {row.blue:.0%} | "
            f"{row.change:.2f} | {row.overlap:.2f} | {row.kept:.2f} | "
            f"{rabi} | {row.photons:.2g} | "
            f"{recalled} |"
        )
    return "\n".join(lines)


def knobs() -> str:
    """Return the table of every knob, with its value in each scenario."""
    kinds = [
        kind
        for kind in vars(imperfections).values()
        if isinstance(kind, type) and kind.__module__ == imperfections.__name__
    ]
    truths = [Scenario.from_dict(TRUTH.parse([n])) for n in ("typical", "bad_day")]
    lines = ["| knob | what it does | off or ideal | typical | bad day |"]
    lines.append("| --- " * 5 + "|")
    for item in dataclasses.fields(Scenario):
        if type(item.default) not in kinds:
            continue
        for name, declared in type(item.default).declared().items():
            values = [
                _written(
                    getattr(getattr(truth, item.name), name), declared.meaning.unit
                )
                for truth in (Scenario(), *truths)
            ]
            knob = f"`{item.name}.{name}`"
            doc = declared.meaning.doc.replace("|", "\\|")
            lines.append(f"| {knob} | {doc} | {' | '.join(values)} |")
    return "\n".join(lines)


def _written(value: Any, unit: str) -> str:
    if value is None:
        return "unset"
    if not unit:
        return f"{value:.3g}"
    digits = f"{value / SCALES[unit]:.3g}"
    return (
        f"2pi x {digits} {unit[4:]}" if unit.startswith("2pi ") else f"{digits} {unit}"
    )


def replaced(page: str, name: str, table: str) -> str:
    """Return the page with one generated table in place of the old one."""
    marks = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.escape(marks[0]) + ".*?" + re.escape(marks[1])
    made = f"{marks[0]}\n\n{table}\n\n{marks[1]}"
    return re.sub(pattern, lambda _: made, page, flags=re.DOTALL)


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks dispersion")
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    parser.add_argument("--layouts", type=int, default=24)
    options = parser.parse_args(arguments)
    rows = []
    for point in POINTS:
        row = survey(*point, options.layouts)
        if point in RECALLED:
            share, error = recall(*point, options.layouts)
            row = dataclasses.replace(row, recall=share, error=error)
        rows.append(row)
        print(row, flush=True)
    page = replaced(options.output.read_text(), "survival", survival(rows))
    options.output.write_text(replaced(page, "knobs", knobs()))
    return 0
