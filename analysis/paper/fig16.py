"""Fig. 16: the spin-flip rate with an Ohmic quantum bath."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize_scalar

from analysis.campaign.study import Study
from ccqed_ctrl.params import Cavity, Pump
from ccqed_ctrl.units import angular
from sim_backend.laboratory.physics.noise import lineshape
from sim_backend.laboratory.physics.rates import KernelName
from sim_backend.laboratory.physics.system import OhmicNoise

from .drawing import COLOURS, KERNEL_TITLES, log_axis, panel
from .figure import Claim, PaperFigure, Scale, Tables, compare
from .rate_models import MODELS, Floats, kernel

PROTOCOL = """
Closed forms, nothing random. Quantum Ohmic bath exp(-C) = (1 + i omega_c tau)^-alpha_Q
(App. E: E22 with E24 and E26 corrected). The paper gives no cut-off for this figure; we
take omega_c = 2pi 100 kHz, which keeps |Delta_C| >> omega_c as E26 needs, and the other
parameters of Fig. 8. Downhill side only: uphill the bath at zero temperature gives
nothing. Thick: bath and cavity; thin grey: the bath's line alone (E26).
"""

#: Bath couplings alpha_Q below, at and above the change of regime.
STRENGTHS = (0.5, 1.0, 2.0, 4.0)
CUTOFF = angular(100e3)
_UNIT = CUTOFF / abs(Cavity().pump_detuning)


def _studies(_: Scale) -> Sequence[Study]:
    return []


def _bath(strength: float) -> OhmicNoise:
    return OhmicNoise(strength, CUTOFF, quantum=True)


def _rate(y: Floats, model: KernelName, strength: float) -> Floats:
    """Return K at de = -y omega_c."""
    return kernel(-y * _UNIT, model, noise=_bath(strength))


def _draw(_: Tables, figure: Figure) -> None:
    y = np.geomspace(0.02, 45, 600)
    for column, (axes, model) in enumerate(
        zip(figure.subplots(1, 2, sharey=True), MODELS, strict=True)
    ):
        for colour, strength in zip(COLOURS, STRENGTHS, strict=False):
            rate = _rate(y, model, strength)
            axes.plot(y, rate, color=colour, label=f"$\\alpha_Q = {strength:g}$")
            alone = 0.5 * Pump().omega_z ** 2 * lineshape(_bath(strength), -y * CUTOFF)
            if model == "exact":
                axes.plot(y, alone, color="0.6", lw=0.7, zorder=0)
        axes.axvline(1 / _UNIT, color="0.5", ls=":", lw=1)
        log_axis(axes, (0.02, 0.1, 0.5, 1, 3, 10, 30))
        axes.set_yscale("log")
        axes.set_ylim(1e-3, 1e8)
        axes.set_xlabel(r"$-\delta\epsilon / \omega_c$ (dotted: $|\Delta_C|$)")
        axes.set_ylabel(r"$K(\delta\epsilon)$ (1/s)")
        axes.legend(frameon=False, fontsize=8)
        panel(axes, "ab"[column], KERNEL_TITLES[model])


def _peak(strength: float, model: KernelName) -> float:
    """Return the maximum's -de/omega_c near the bath's."""
    found = minimize_scalar(
        lambda y: -float(_rate(np.array(y), model, strength)),
        bounds=(0.3, 2 * strength),
        method="bounded",
    )
    return float(found.x)


def _claims(_: Tables) -> list[Claim]:
    claims = []
    for model in MODELS:
        for strength in (2.0, 4.0):
            want = strength - 1
            claims.append(
                compare(
                    f"alpha_Q = {strength:g}, {model}: maximum at |de|/omega_c",
                    f"alpha_Q - 1 = {want:g}", _peak(strength, model), None,
                    (0.97 * want, 1.03 * want),
                    "Within 3 %: the cavity's own rate shifts it a little.",
                )
            )  # fmt: skip
        near = _rate(np.array([0.02, 0.2]), model, 1.0)
        claims.append(
            compare(
                f"alpha_Q = 1, {model}: K(-0.2 omega_c)/K(-0.02 omega_c)",
                "roughly flat: 0TMH", float(near[1] / near[0]), None, (0.8, 1.25),
                "The bath's line is exp(-|de|/omega_c), flat only well below omega_c.",
            )
        )  # fmt: skip
        near = _rate(np.array([0.01, 0.02]), model, 0.5)
        power = float(np.log(near[1] / near[0]) / np.log(2))
        claims.append(
            compare(
                f"alpha_Q = 1/2, {model}: power of |de| near zero",
                "alpha_Q - 1 = -1/2: diverges", power, None, (-0.55, -0.45),
                "E26 between 0.01 and 0.02 omega_c.",
            )
        )  # fmt: skip
    return claims


FIGURE = PaperFigure(
    "fig16", "Flip rate with an Ohmic quantum bath", PROTOCOL, _studies, _draw, _claims
)
