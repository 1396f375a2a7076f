"""Weight chaos against its small-error limit and the independent figures of the lab."""

import numpy as np
import pytest

from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.model.couplings import confocal_couplings
from sim_backend.laboratory.physics.weight_chaos import (
    coupling_change,
    minima_overlap,
    perturbed_couplings,
)

WAIST = 35.2336e-6


def _positions(count, width, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(scale=width * WAIST, size=(count, 2))


def test_without_errors_nothing_changes():
    positions = _positions(40, 1.5, 0)
    rng = np.random.default_rng(1)
    couplings = confocal_couplings(positions, WAIST)
    same = perturbed_couplings(positions, WAIST, rng)
    assert np.array_equal(couplings, same)
    assert coupling_change(couplings, same) == 0
    assert np.all(minima_overlap(couplings, same, 20, rng) == 1)


def test_atom_numbers_scale_rows_and_columns():
    positions = _positions(30, 1.5, 2)
    couplings = confocal_couplings(positions, WAIST)
    rng = np.random.default_rng(3)
    scaled = perturbed_couplings(positions, WAIST, rng, atom_number_spread=0.1)
    off = ~np.eye(30, dtype=bool)
    ratio = np.where(off, scaled / np.where(off, couplings, 1), 1)
    # A rank-one pattern of ratios: r_ij r_kl = r_il r_kj.
    assert ratio[0, 1] * ratio[2, 3] == pytest.approx(ratio[0, 3] * ratio[2, 1])


def test_the_change_is_linear_in_small_placement_errors():
    """First order: dJ = -sin(u) du, du = 2 (dr_i.r_j + r_i.dr_j)/w0^2."""
    positions = _positions(60, 1.0, 4)
    couplings = confocal_couplings(positions, WAIST)
    changes = [
        coupling_change(
            couplings,
            perturbed_couplings(
                positions, WAIST, np.random.default_rng(5), placement_error=error
            ),
        )
        for error in (1e-9, 2e-9)
    ]
    assert changes[1] / changes[0] == pytest.approx(2, rel=1e-3)


def test_the_change_is_what_first_order_predicts():
    """E|dJ|^2 = sum sin^2(u_ij) 4 e^2 (r_i^2 + r_j^2)/w0^4 for rms e per coordinate."""
    positions, error = _positions(80, 1.5, 6), 5e-9
    couplings = confocal_couplings(positions, WAIST)
    angle = 2 * positions @ positions.T / WAIST**2
    squares = np.sum(positions**2, axis=1)
    reach = squares[:, None] + squares[None, :]
    variance = np.sin(angle) ** 2 * 4 * error**2 * reach / WAIST**4
    np.fill_diagonal(variance, 0.0)
    expected = np.sqrt(variance.sum()) / np.linalg.norm(couplings)
    rng = np.random.default_rng(7)
    drawn = [
        coupling_change(
            couplings, perturbed_couplings(positions, WAIST, rng, placement_error=error)
        )
        for _ in range(40)
    ]
    # 160 independent displacements a draw, 40 draws: about 1 % left.
    assert np.sqrt(np.mean(np.square(drawn))) == pytest.approx(expected, rel=0.04)


def test_one_micrometre_gives_the_figures_of_an_independent_run():
    """lab.md 5.8: 17 % and 0.91 for N = 100, w = 1.5 w0, 1 um per coordinate."""
    rng = np.random.default_rng(6)
    changes, overlaps = [], []
    for seed in range(8):
        positions = _positions(100, 1.5, seed)
        couplings = confocal_couplings(positions, WAIST)
        wrong = perturbed_couplings(positions, WAIST, rng, placement_error=1e-6)
        changes.append(coupling_change(couplings, wrong))
        overlaps.append(minima_overlap(couplings, wrong, 40, rng).mean())
    assert np.mean(changes) == pytest.approx(0.17, rel=0.1)
    assert np.mean(overlaps) == pytest.approx(0.91, abs=0.04)


def test_negative_errors_are_refused():
    with pytest.raises(ParameterError, match="placement_error"):
        perturbed_couplings(
            np.zeros((2, 2)), WAIST, np.random.default_rng(), placement_error=-1e-6
        )
