"""One recall on the whole twin, an imperfection on: a task of the study `robustness`.

At the chosen point of the release (`analysis.paper.release_shots`) a minimum is
recalled from a cue with a tenth of its spins flipped: DMD, field, pump and tones event
by event, semiclassical spins, camera, decoding by what is believed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.campaign.results import Results
from analysis.campaign.study import Point, Study
from analysis.paper.figure import Scale
from analysis.paper.release_shots import (
    FIELD_RATIO,
    HOLD,
    REST,
    RISE,
    Operation,
    ends,
    flipped,
)
from analysis.readout.holograms import HologramReader
from analysis.statistics import Estimate, binomial, cluster_bootstrap
from ccqed_ctrl.belief import Apparatus
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.holograms import HologramPlan, HologramRecord, HologramShot
from ccqed_ctrl.model import layout, relaxation
from ccqed_ctrl.params import Layout
from ccqed_ctrl.params import Sequence as Timing
from ccqed_ctrl.rng import stream
from sim_backend.laboratory.scenario import TRUTH, Scenario
from tests.laboratory.bench import Laboratory

Floats, Spins = NDArray[np.float64], NDArray[np.int8]

SITES, FLIPPED = 64, 0.1
#: What is changed together as one imperfection, by the name the page has for it.
#: The first group acts while the spins relax, the second on timing, cue or reading.
ACTING = {
    "dispersive shift of the cavity": ("light_shifts.dispersion",),
    "light shift by the pump": ("light_shifts.pump",),
    "light shift by the cavity's light": ("light_shifts.cavity",),
    "scattering that turns spins": ("losses.depolarisation",),
    "scattering that loses atoms": ("losses.emission",),
    "heating by scattering": ("losses.heating",),
    "loss in the hold": ("losses.hold",),
    "pump inhomogeneity": ("pump_beam.waist",),
    "offset of the cavity axis": ("alignment.axis_x", "alignment.axis_y"),
    "magnification of the sites": ("alignment.magnification",),
    "rotation of the sites": ("alignment.rotation",),
    "placement of the sites": ("imperfections.placement_error",),
    "atom numbers": ("imperfections.atom_number_spread",),
    "size of the clouds": ("cloud.size",),
    "a lost site": ("empty_sites",),
    "drift of Delta_C": ("lock.drift",),
    "noise of the lock": ("lock.noise", "lock.bandwidth"),
}
READING = {
    "resolution of the DMD": ("resolution.dmd",),
    "resolution of the imaging": ("resolution.imaging",),
    "delay of the AOMs": ("delays.aom",),
    "delay and jitter of the trigger": ("delays.trigger", "delays.trigger_jitter"),
    "phase of the reference": ("imperfections.phase_drift",),
    "its drift within a shot": ("imperfections.phase_drift_rate",),
    "stray light": ("detection.stray_rate",),
    "fringes": ("detection.fringe_contrast", "detection.fringe_period"),
}
#: The files, by the name the page has for them.
FILES = {"typical": "a good day", "bad_day": "a bad day"}
#: P/P_th tried with and without the dephasing noise; at 3 some plans pass |Delta_C|.
POWERS = (1.3, 1.5, 2.0, 2.5)
#: Without the steps of servo and tones: the drive that the study of the release has.
SMOOTH = "smooth drive"
#: Ends of a recall: the last two on the twin, as the camera opens and as decoded.
ENDS = ("minimum", "steepest descent", "cavity", "camera")


# One shot ----------------------------------------------------------------------------


def truth_of(change: str) -> Scenario:
    """Return the ideal twin with some knobs as a scenario has them.

    change: "" for none, "typical" for all of that scenario, "typical: lock.noise" for
    one knob of it, several with " + " between.

    Raises
    ------
    ParameterError
        A knob that the scenario does not set.
    """
    changes = TRUTH.parse(["ideal"])
    name, _, knobs = change.partition(": ")
    found = TRUTH.parse([name] if name else [])
    if not knobs:
        return Scenario.from_dict(changes | found)
    for knob in knobs.split(" + "):
        group, _, field = knob.partition(".")
        if group not in found or (field and field not in found[group]):
            raise ParameterError(f"scenario {name!r} does not set {knob!r}")
        if field:
            changes[group] = changes.get(group, {}) | {field: found[group][field]}
        else:
            changes[group] = found[group]
    return Scenario.from_dict(changes)


def planned(power: float, noise: bool, rng: np.random.Generator) -> HologramPlan:
    """Return the shot of the release at a P/P_th, for a layout that is drawn."""
    apparatus, geometry, chosen = Apparatus(), Layout(), Operation()
    width = geometry.relative_width * apparatus.cavity.waist
    sites = layout.sample_layout(SITES, width, geometry.minimum_distance, rng)
    sequence = Timing(
        ramp_time=RISE, pump_over_threshold=power, field_ratio=FIELD_RATIO,
        hold_time=HOLD, field_off_time=chosen.off_time, evolution_time=REST,
        noise=noise,
    )  # fmt: skip
    return HologramPlan.at(sites, apparatus, sequence)


def recalled(point: Point, rng: np.random.Generator) -> Mapping[str, Any]:
    """Recall one minimum on the twin.

    point: change (`truth_of`, or `SMOOTH`: not the twin), power (P/P_th), noise (the
    dephasing noise). Returns differ (E, E) int16: in how many spins of the sites that
    hold atoms two of `ENDS` differ; undetermined ones differ from all.
    """
    place, choose, order, twin = rng.spawn(4)
    change, power, noise = (point[name] for name in ("change", "power", "noise"))
    plan = planned(float(power), bool(noise), place)
    kernel, start = plan.couplings, int(twin.integers(2**31))
    minimum = relaxation.sample_minima(kernel, 1, rng=choose, threads=1)[0]
    cue = flipped(minimum, FLIPPED, order.permutation(SITES))
    steepest = relaxation.relax(
        relaxation.prepare(kernel), cue[None], dynamics="sd", rng=choose, threads=1
    ).spins[0]
    empty: tuple[int, ...] = ()
    if change == SMOOTH:
        operation = Operation(power=float(power), noise=float(noise))
        cavity = camera = ends(operation, kernel, cue, twin)[0]
    else:
        truth = truth_of(str(change))
        empty = truth.empty_sites
        cavity, camera = _shot(truth, plan, cue, start)
    found = np.delete([minimum, steepest, cavity, camera], empty, axis=1)
    differ = np.count_nonzero(found[:, None] != found, axis=2)
    return {"differ": differ.astype(np.int16)}


def _shot(
    truth: Scenario, plan: HologramPlan, cue: Spins, seed: int
) -> tuple[Spins, Spins]:
    """Write a cue (N,) and let go of it: the spins then, and as decoded."""
    plan = plan.with_shots([HologramShot(plan.load(cue))])
    groups = {
        item.name: getattr(truth, item.name) for item in dataclasses.fields(truth)
    }
    bench = Laboratory(plan, seed, **groups)
    taken = bench.run()
    raw = {
        HologramRecord.frames: taken["frames"],
        HologramRecord.exposure: taken["exposure"],
        HologramRecord.saturated: taken["saturated"].sum(),
    }
    reading = HologramReader.of_plan(plan).read(plan.shots[0], raw)
    return bench.truth.astype(np.int8), reading.rows[HologramRecord.spins]


# Studies -----------------------------------------------------------------------------


def cases() -> dict[str, str]:
    """Return what the page calls each imperfection of each file, by its change."""
    found = {}
    for scenario in FILES:
        stated = TRUTH.parse([scenario])
        for words, knobs in (ACTING | READING).items():
            parts = [knob.split(".") for knob in knobs]
            if all(_stated(stated, part) is not None for part in parts):
                found[f"{scenario}: {' + '.join(knobs)}"] = words
    return found


def _stated(stated: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = stated
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def studies(scale: Scale) -> Sequence[Study]:
    """Return the studies; core seconds of a task are those of a busy machine."""
    layouts = {"quick": 2, "paper": 24, "beyond": 200}[scale]
    changes = ["", SMOOTH, *FILES, *cases()]
    single = {"change": changes, "power": [Operation().power], "noise": [False]}
    both = {"change": ["", "typical"], "power": list(POWERS), "noise": [False, True]}
    paired = ("change", "power", "noise")
    return [
        Study(name, recalled, grid, layouts, paired=paired, seconds=1.0)
        for name, grid in (("robustness.single", single), ("robustness.powers", both))
    ]


def exact(table: Results, end: str, **point: Any) -> Estimate:
    """Estimate the share of exact returns: one minimum and one cue in each layout."""
    wrong = _differ(table, end, "minimum", **point)
    return binomial(np.count_nonzero(wrong == 0), len(wrong))


def cost(table: Results, end: str, change: str) -> Estimate:
    """Estimate how much less often the minimum returns than on the ideal twin."""
    with_it, without = (
        (_differ(table, end, "minimum", change=name) == 0).astype(float)
        for name in (change, "")
    )
    return _over_layouts(without - with_it)


def agreement(table: Results, end: str, **point: Any) -> Estimate:
    """Estimate the share of spins as steepest descent leaves them."""
    return _over_layouts(1 - _differ(table, end, "steepest descent", **point) / SITES)


def misread(table: Results, **point: Any) -> Estimate:
    """Estimate the share of spins that are decoded other than they are."""
    return _over_layouts(_differ(table, "camera", "cavity", **point) / SITES)


def _differ(table: Results, one: str, other: str, **point: Any) -> Floats:
    rows = table.column("differ", **point)
    return np.asarray(rows[:, ENDS.index(one), ENDS.index(other)], np.float64)


def _over_layouts(rows: Floats) -> Estimate:
    return cluster_bootstrap(rows, stream(0, "robustness"))
