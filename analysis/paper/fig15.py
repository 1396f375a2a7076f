"""Fig. 15: the spin-flip rate with and without classical Ohmic noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from analysis.campaign.study import Study
from ccqed_ctrl.params import Cavity
from ccqed_ctrl.units import angular
from sim_backend.laboratory.physics.rates import KernelName
from sim_backend.laboratory.physics.system import OhmicNoise

from .drawing import KERNEL_COLOURS, KERNEL_TITLES, panel
from .figure import Claim, PaperFigure, Scale, Tables, compare
from .rate_models import MODELS, Floats, kernel

PROTOCOL = """
Closed forms, nothing random. Delta_C = -2pi 2 MHz (of this figure alone), kappa = 2pi
150 kHz; classical Ohmic noise C(tau) = alpha ln(1 + omega_c^2 tau^2), alpha = 20,
omega_c = 2pi 4 kHz (Sec. V, App. D), with the factor 2 of Eq. 20 and the prefactor of
D9 mended in both models. Without noise the central line is a delta function (printed)
or a pole cut at the measurement dephasing (exact); it is left out below 0.01
|Delta_C|.
"""

_CAVITY = Cavity(pump_detuning=angular(-2e6))
_NOISE = OhmicNoise()


def _studies(_: Scale) -> Sequence[Study]:
    return []


def _draw(_: Tables, figure: Figure) -> None:
    for column, (axes, model) in enumerate(
        zip(figure.subplots(1, 2), MODELS, strict=True)
    ):
        colour = KERNEL_COLOURS[model]
        # Finer near the central line, which is 0.02 |Delta_C| wide.
        side = np.concatenate(
            [np.geomspace(1e-4, 0.2, 400), np.linspace(0.2, 1.5, 700)]
        )
        for x in (-side[::-1], side):
            far = np.abs(x) >= 0.01
            quiet = kernel(x[far], model, _CAVITY)
            axes.plot(x[far] * 2, quiet, color=colour, lw=1.2)
            axes.plot(x * 2, kernel(x, model, _CAVITY, _NOISE), "k--", lw=1.2)
        axes.plot([], [], color=colour, label="no noise")
        axes.plot(
            [], [], "k--", label=r"Ohmic, $\alpha = 20$, $\omega_c = 2\pi\,4$ kHz"
        )
        axes.set_yscale("log")
        axes.set_ylim(float(kernel(1.5, model, _CAVITY)) / 2, None)
        axes.set_xlabel(r"$\delta\epsilon / 2\pi$ (MHz)")
        axes.set_ylabel(r"$K(\delta\epsilon)$ (1/s)")
        axes.legend(frameon=False, fontsize=8)
        panel(axes, "ab"[column], KERNEL_TITLES[model])


def _excess(x: Floats, model: KernelName) -> Floats:
    """Return the relative change of the rate by the noise."""
    quiet = kernel(x, model, _CAVITY)
    return np.abs(kernel(x, model, _CAVITY, _NOISE) / quiet - 1)


def _claims(_: Tables) -> list[Claim]:
    claims = []
    for model in MODELS:
        x = -np.linspace(0.1, 1.2, 221)
        worst = float(np.max(_excess(x, model)))
        claims.append(
            compare(
                "largest relative change by the noise, -1.2 < de/|Delta_C| < -0.1, "
                f"{model}", "overlap away from zero", worst, None, (0.0, 0.1),
                "Within 10 % counts as overlap (our threshold); the noise widens the "
                "lines at zero and at the peak.",
            )
        )  # fmt: skip
    for model in MODELS:
        x = np.linspace(1e-4, 0.2, 4000)
        rate = kernel(-x, model, _CAVITY, _NOISE)
        half = float(x[np.argmax(rate < rate[0] / 2)])
        claims.append(
            compare(
                f"half width of the central line, |de|/|Delta_C|, {model}",
                "small compared with the typical flip energy", half, None, (0.0, 0.1),
                "The same line in both models: the noise alone makes it.",
            )
        )  # fmt: skip
    return claims


FIGURE = PaperFigure(
    "fig15", "Flip rate with classical Ohmic noise", PROTOCOL, _studies, _draw, _claims
)
