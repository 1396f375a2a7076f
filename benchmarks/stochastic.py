"""Stochastic trajectories: cost per event, against GillesPy2's NumPy solver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np

from sim_backend.laboratory.physics import stochastic
from sim_backend.laboratory.physics.system import OhmicNoise, SpinSystem

from .ensembles import spin_system
from .pairing import Row, paired, seconds, shown

#: Atoms per ensemble, and |m| at the start: every ensemble relaxes.
ATOMS = 100_000
START = 0.8

#: Wanted: faster than GillesPy2; growth from N = 100 to 1000; a noise model's price.
GILLESPY = 3000.0
GROWTH = 2.5
NOISE = 1.25


def measure(repeats: int) -> Iterator[Row]:
    """Yield every row of this file."""
    yield against_gillespy(min(repeats, 3))
    yield compared(
        "100 -> 1000 ensembles",
        trajectory(spin_system(1000, ATOMS), 4e-5),
        trajectory(spin_system(100, ATOMS), 2e-4),
        repeats,
        GROWTH,
    )
    for noise in (OhmicNoise(), OhmicNoise(quantum=True)):
        name = "quantum" if noise.quantum else "classical"
        yield compared(
            f"N=100, {name} Ohmic noise against none",
            trajectory(spin_system(100, ATOMS, noise), 2e-4),
            trajectory(spin_system(100, ATOMS), 2e-4),
            repeats,
            NOISE,
        )


def trajectory(system: SpinSystem, duration: float) -> Callable[[], float]:
    """Return a measurement of the seconds per event."""
    start = START * np.random.default_rng(1).choice([-1.0, 1.0], system.size)

    def run() -> float:
        result: list[stochastic.Trajectory] = []
        spent = seconds(
            lambda: result.append(
                stochastic.evolve(
                    system,
                    start,
                    duration=duration,
                    sample_times=[],
                    rng=np.random.default_rng(0),
                )
            )
        )
        return spent / result[0].events

    return run


def compared(
    case: str,
    ours: Callable[[], float],
    base: Callable[[], float],
    repeats: int,
    target: float,
) -> Row:
    """Return the cost per event in units of the base's."""
    mine, theirs, ratio = paired(ours, base, repeats)
    return Row(
        "stochastic, per event",
        case,
        shown(mine),
        shown(theirs),
        1 / ratio,
        target,
        smaller_is_better=True,
    )


def against_gillespy(repeats: int) -> Row:
    """Return our cost per event against GillesPy2's, N = 10, the same rates."""
    group, case = "stochastic, per event", "N=10, GillesPy2 NumPySSASolver"
    system = spin_system(10, ATOMS)
    ours = trajectory(system, 2e-4)
    if find_spec("gillespy2") is None:
        return Row(group, case, shown(ours()), "-", np.nan, None, note="not installed")
    mine, theirs, ratio = paired(ours, gillespy(system), repeats)
    return Row(group, case, shown(mine), shown(theirs), ratio, GILLESPY)


def gillespy(system: SpinSystem, duration: float = 2e-7) -> Callable[[], float]:
    """Return a measurement of GillesPy2's seconds per event, the kernel written out.

    Its solver reports no number of events: ours of the same process are taken, whose
    spread over so many events is a per cent.
    """
    import gillespy2

    cavity, omega_z = system.cavity, system.omega_z
    D, kappa = cavity.pump_detuning, cavity.kappa
    start = START * np.random.default_rng(1).choice([-1.0, 1.0], system.size)
    begin = np.rint((start + 1) * system.spins).astype(int)
    model = gillespy2.Model(name="ensembles")
    names = [f"n{i}" for i in range(system.size)]
    species = [
        gillespy2.Species(name=name, initial_value=int(count), mode="discrete")
        for name, count in zip(names, begin, strict=True)
    ]
    model.add_species(species)
    for i, S in enumerate(system.spins):
        strength = system.couplings[i, i] / abs(D)
        scale = 0.5 * omega_z**2 * strength * (D**2 + kappa**2) * kappa
        spins = [f"({name}-{S})" for name in names]
        terms = zip(system.couplings[i], spins, strict=True)
        field = "+".join(f"({2 * J:.17g})*{s}" for J, s in terms)
        for step in (1, -1):
            energy = f"({-system.couplings[i, i]:.17g}-({step})*({field}))"
            bracket = f"({S * (S + 1)}-{spins[i]}*({spins[i]}+({step})))"
            pole = f"({energy}*{energy}+{omega_z**2:.17g})"
            peak = f"(({energy}-({D}))*({energy}-({D}))+{kappa**2:.17g})"
            model.add_reaction(
                gillespy2.Reaction(
                    name=f"r{i}_{'up' if step > 0 else 'down'}",
                    reactants={species[i]: 1} if step < 0 else {},
                    products={species[i]: 1} if step > 0 else {},
                    propensity_function=f"{bracket}*{scale:.17g}/({pole}*{peak})",
                )
            )
    model.timespan(gillespy2.TimeSpan([0.0, duration]))
    solver = gillespy2.NumPySSASolver(model=model)
    expected = stochastic.evolve(
        system,
        start,
        duration=1000 * duration,
        sample_times=[],
        rng=np.random.default_rng(0),
    )
    events = expected.events / 1000
    return lambda: seconds(lambda: solver.run(seed=1)) / events
