"""What the dispersive shift leaves: the closed form of the page, which is current."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import dispersion
from ccqed_ctrl.units import TWO_PI, angular
from sim_backend.laboratory.physics.dispersion import shifted_couplings


def test_couplings_become_a_function_of_themselves():
    """J -> A / (1 - eps A/A_ii), up to the factor 1/(D^2 + kappa^2)."""
    operation, kernel = dispersion.Operation(), dispersion.kernel_of(0)
    system = dispersion.shifted(operation, kernel, -angular(2e12))
    detuning = operation.cavity.pump_detuning
    eps = 1 - np.median(system.site_detunings) / detuning
    unit = kernel / np.mean(np.diag(kernel))
    expected = kernel @ np.linalg.inv(np.eye(len(kernel)) - eps * unit)
    found = shifted_couplings(system)
    off = ~np.eye(len(kernel), dtype=bool)
    factor = found[off] @ expected[off] / (expected[off] @ expected[off])
    rest = np.linalg.norm((found - factor * expected)[off])
    assert rest < 1e-3 * np.linalg.norm(found[off])


def test_the_papers_point_is_lost_and_the_far_one_kept():
    paper, far = (dispersion.survey(*point, 2) for point in ((100, 1e5), (2000, 1e5)))
    assert paper.shift / TWO_PI == pytest.approx(3.58e6, rel=0.02)
    assert paper.blue > 0.4
    assert paper.kept == 0
    assert far.blue == 0
    assert far.overlap > 0.95
    # Farther away, at the same P/P_th: more pump, no more photons.
    assert far.rabi_frequency == pytest.approx(20 * paper.rabi_frequency)
    assert far.photons == pytest.approx(paper.photons)


def test_the_page_lists_the_knobs_as_they_are():
    page = dispersion.PAGE.read_text()
    assert "| `lock.drift` |" in dispersion.knobs()
    assert dispersion.knobs() in page
    assert dispersion.replaced(page, "knobs", dispersion.knobs()) == page
    assert page.count("GHz | 1e+05 |") == 4


def test_only_the_marked_table_is_replaced():
    page = "a\n<!-- t -->\n\nold\n\n<!-- end of t -->\nb"
    assert dispersion.replaced(page, "t", "new") == page.replace("old", "new")
    empty = page.replace("\n\nold\n\n", "\n")
    assert dispersion.replaced(empty, "t", "old") == page
    assert dispersion.replaced(page, "other", "new") == page
