"""Figs. 8, 15 and 16: what the two rate models have in common, and what not."""

import numpy as np
import pytest

from analysis.paper import fig08, fig15, fig16
from analysis.paper.rate_models import TURNING_POINT, kernel, net_downhill
from ccqed_ctrl.params import Cavity


def test_exact_is_printed_times_four_over_energy_squared():
    """The corrected kernel: printed Lorentzian x 4 (D^2+kappa^2)/de^2."""
    cavity = Cavity()
    x = np.array([-1.3, -1.0, -0.5, -0.2, 0.3, 0.9])
    extra = 4 * (1 + (cavity.kappa / cavity.pump_detuning) ** 2) / x**2
    np.testing.assert_allclose(
        kernel(x, "exact"), extra * kernel(x, "printed"), rtol=1e-4
    )


def test_net_rate_turns_at_the_closed_form_without_linewidth():
    """d/dx 1/(x(1-x^2)^2) = 0 at x = 1/sqrt 5; kappa/|D| = 0.05 shifts it by 0.5 %."""
    x = np.linspace(0.3, 0.6, 3001)
    turn = x[np.argmin(net_downhill(x, "exact"))]
    assert turn == pytest.approx(TURNING_POINT, abs=4e-3)
    assert np.all(np.diff(net_downhill(x, "printed")) > 0)


def verdicts(module):
    return {claim.quantity: claim.verdict for claim in module.FIGURE.claims({})}


def test_figure_8_reports_the_order_of_flips_honestly():
    found = verdicts(fig08)
    words = "|de|/|Delta_C| from which a larger gain flips faster, "
    assert found[words + "exact"] == "differs"
    assert found[words + "printed"] == "agrees"
    assert found["T_eff/|Delta_C| from the ratio's slope, exact"] == "agrees"


def test_figures_15_and_16_agree_in_both_models():
    assert set(verdicts(fig15).values()) == {"agrees"}
    assert set(verdicts(fig16).values()) == {"agrees"}
