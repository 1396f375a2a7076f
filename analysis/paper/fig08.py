"""Fig. 8: the spin-flip rate, and the ratio that sets an effective temperature."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import minimize_scalar

from analysis.campaign.study import Study
from ccqed_ctrl.params import Cavity
from sim_backend.laboratory.physics.rates import KernelName, effective_temperature
from sim_backend.laboratory.physics.system import OhmicNoise

from .drawing import COLOURS, KERNEL_COLOURS, KERNEL_TITLES, panel
from .figure import Claim, PaperFigure, Scale, Tables, compare
from .rate_models import MODELS, TURNING_POINT, Floats, kernel, net_downhill

PROTOCOL = """
Closed forms, nothing random. Delta_C = -2pi 3 MHz, kappa = 2pi 150 kHz, J_ii and
omega_z of the paper's pump; classical Ohmic noise of Fig. 15 (alpha = 20, omega_c = 2pi
4 kHz). `exact`: K = (omega_z^2/2) [h0 + Lambda K1] with K1 = (D^2+kappa^2) kappa/(de^2
[(de-D)^2+kappa^2]), which the master equation confirms to 1e-5. `printed`: Eqs. 19, 21,
D8, D9. Glauber and Metropolis-Hastings: Eqs. 23, 24 at T_eff of Eq. 22, scaled to the
cavity's rate at de = -0.2 |D|, as the paper scales to its low-energy rate.
"""

#: Where the thermal rates are matched to the cavity's.
_MATCH = -0.2


def _studies(_: Scale) -> Sequence[Study]:
    return []


def _temperature() -> float:
    """Return T_eff / |Delta_C|."""
    cavity = Cavity()
    return effective_temperature(cavity) / abs(cavity.pump_detuning)


def _draw(_: Tables, figure: Figure) -> None:
    rates, ratios = figure.subplots(2, 2, sharex="row").tolist()
    for column, model in enumerate(MODELS):
        _rate(rates[column], model)
        panel(rates[column], "ab"[column], f"flip rate, {KERNEL_TITLES[model]}")
        _ratio(ratios[column], model)
        panel(ratios[column], "cd"[column], "ratio of downhill to uphill")


def _rate(axes: Axes, model: KernelName) -> None:
    x = np.linspace(-1.6, 1.6, 3201)
    rate = kernel(x, model, noise=OhmicNoise())
    level = float(kernel(_MATCH, model))
    hot = x / _temperature()
    metropolis = np.exp(-np.maximum(hot, 0))
    glauber = 1 / (1 + np.exp(hot))
    at = 1 / (1 + np.exp(_MATCH / _temperature()))
    axes.plot(x, rate, color=KERNEL_COLOURS[model], label="cavity QED")
    axes.plot(x, metropolis * level, "k--", lw=1, label="Metropolis-Hastings")
    axes.plot(x, glauber * level / at, "k:", lw=1, label="Glauber")
    if model == "exact":
        for way in (-1, 1):
            axes.axvline(way * TURNING_POINT, color="0.7", lw=0.8)
        axes.text(
            -TURNING_POINT, 0.97, " net rate\n least", fontsize=8, color="0.4",
            transform=axes.get_xaxis_transform(), va="top",
        )  # fmt: skip
    axes.set_yscale("log")
    # The noise's central line is orders above; it is narrower than the plot's pixels.
    axes.set_ylim(level * 1e-3, float(kernel(-1.0, model)) * 30)
    axes.set_xlabel(r"$\delta\epsilon / |\Delta_C|$")
    axes.set_ylabel(r"$K(\delta\epsilon)$ (1/s)")
    axes.legend(frameon=False, fontsize=8)


def _ratio(axes: Axes, model: KernelName) -> None:
    x = np.linspace(0.002, 1.6, 1600)
    noise = OhmicNoise()
    ratio = kernel(-x, model, noise=noise) / kernel(x, model, noise=noise)
    axes.plot(x, ratio, color=KERNEL_COLOURS[model], label="cavity QED")
    axes.plot(x, np.exp(x / _temperature()), "k--", lw=1, label=r"$e^{x/T_{eff}}$")
    axes.axvline(1, color=COLOURS[6], lw=0.5, alpha=0.4)
    axes.set_yscale("log")
    axes.set_ylim(0.5, 1e4)
    axes.set_xlabel(r"$x = |\delta\epsilon| / |\Delta_C|$")
    axes.set_ylabel(r"$K(-x) / K(+x)$")
    axes.legend(frameon=False, fontsize=8)


def _slope(model: KernelName) -> float:
    """Return T_eff / |Delta_C| from the ratio's logarithm near zero, without noise."""
    x = np.array([0.02])
    low = np.log(kernel(-x, model) / kernel(x, model)) / x
    half = np.log(kernel(-x / 2, model) / kernel(x / 2, model)) / (x / 2)
    # The logarithm is odd in x: its x^3 term is extrapolated away.
    return float(1 / ((4 * half - low) / 3)[0])


def _turn() -> float:
    found = minimize_scalar(
        lambda x: float(net_downhill(x, "exact")), bounds=(0.1, 0.9), method="bounded"
    )
    return float(found.x)


def _rises(model: KernelName) -> Floats:
    """Return the |de|/|Delta_C| below 1 where the net downhill rate rises with |de|."""
    x = np.linspace(0.02, 0.99, 971)
    return x[1:][np.diff(net_downhill(x, model)) > 0]


def _claims(_: Tables) -> list[Claim]:
    expected = _temperature()
    same = "The extra factor of the exact rate is even in de and cancels in the ratio."
    claims = [
        compare(
            f"T_eff/|Delta_C| from the ratio's slope, {model}",
            f"{expected:.6f} (Eq. 22)", _slope(model), None,
            (expected - 1e-5, expected + 1e-5), same,
        )
        for model in MODELS
    ]  # fmt: skip
    for model in MODELS:
        x = np.linspace(-1.2, -0.6, 6001)
        peak = float(x[np.argmax(kernel(x, model))])
        claims.append(
            compare(
                f"peak of the rate, de/|Delta_C|, {model}", "-1 (at Delta_C)", peak,
                None, (-1.01, -0.99), "Width kappa = 0.05 |Delta_C|.",
            )
        )  # fmt: skip
    for model in MODELS:
        low, rising = float(_rises(model)[0]), len(_rises(model))
        claims.append(
            compare(
                f"|de|/|Delta_C| from which a larger gain flips faster, {model}",
                "0: SD-like up to |Delta_C|", low, None, (0.0, 0.05),
                "Below it the weakest misalignment flips first."
                if model == "exact" else f"The rate rises at all {rising} steps.",
            )
        )  # fmt: skip
    claims.append(
        compare(
            "the same, from the minimum of the net downhill rate, exact",
            "not in the paper; 1/sqrt(5) = 0.4472 for small kappa", _turn(), None,
            (TURNING_POINT - 5e-3, TURNING_POINT + 5e-3), "A kappa of 0.05 shifts it.",
        )
    )  # fmt: skip
    for gain in (0.25, 0.5, 0.9):
        ratio = float(kernel(-gain, "exact") / kernel(gain, "exact"))
        off = ratio * math.exp(-gain / expected) - 1
        claims.append(
            compare(
                f"ratio over exp(x/T_eff), minus 1, at x = {gain:g} (both models)",
                "closely matches up to about |Delta_C|", off, None,
                (-0.25, 0.25),
                "25 % is our threshold; met up to half the detuning.",
            )
        )  # fmt: skip
    return claims


FIGURE = PaperFigure(
    "fig08", "Flip rate and effective temperature", PROTOCOL, _studies, _draw, _claims,
    (10, 7),
)  # fmt: skip
