"""The ideal Green's function: against quadrature, symmetries and limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import ParameterError, ShapeError
from ccqed_ctrl.model.couplings import confocal_couplings
from ccqed_ctrl.model.emission import (
    emission_factors,
    emission_kernel,
    overlap_kernel,
)

WAIST = 35e-6
SIZE = WAIST / np.sqrt(80)  # beta = 10


def sites(count, seed=0, width=1.0):
    return np.random.default_rng(seed).normal(scale=width * WAIST, size=(count, 2))


def averaged_over_clouds(positions, size, nodes=60):
    """Return pi <rho_i| A_j> by Gauss-Hermite quadrature over cloud i."""
    x, weights = np.polynomial.hermite_e.hermegauss(nodes)
    weights = np.outer(weights, weights).ravel() / weights.sum() ** 2
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    rows = [
        weights @ emission_kernel(site + size * grid, positions, WAIST, size)
        for site in positions
    ]
    return np.pi * np.array(rows)


@pytest.mark.parametrize("size", [0.06 * WAIST, SIZE, 0.25 * WAIST])
def test_the_overlap_is_the_cloud_average_of_the_emission(size):
    positions = sites(6, width=1.0)
    found = overlap_kernel(positions, WAIST, size)
    expected = averaged_over_clouds(positions, size)
    np.testing.assert_allclose(found, expected, atol=1e-7 * found.max())


def test_neighbouring_clouds_touch():
    # Two clouds 2 s apart: contact term beta exp(-1), which the paper drops.
    positions = np.array([[3.0, 0.0], [3.0 + 2 * SIZE / WAIST, 0.0]]) * WAIST
    kernel = overlap_kernel(positions, WAIST, SIZE)
    cosine = kernel[0, 1] - 10 * np.exp(-1)
    assert abs(cosine) < 1
    assert kernel[0, 1] == pytest.approx(averaged_over_clouds(positions, SIZE)[0, 1])


@given(st.integers(1, 6), st.floats(0.02, 0.5), st.integers(0, 2**32 - 1))
def test_symmetries(count, size, seed):
    positions = sites(count, seed)
    kernel = overlap_kernel(positions, WAIST, size * WAIST)
    np.testing.assert_array_equal(kernel, kernel.T)
    angle = seed % 7
    turned = positions @ [
        [np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]
    ]  # fmt: skip
    np.testing.assert_allclose(
        overlap_kernel(turned, WAIST, size * WAIST), kernel, atol=1e-9 * kernel.max()
    )
    # The cavity cannot tell r from -r, site by site.
    flipped = positions * np.random.default_rng(seed).choice([-1, 1], size=(count, 1))
    np.testing.assert_allclose(
        overlap_kernel(flipped, WAIST, size * WAIST), kernel, rtol=1e-9, atol=1e-9
    )


@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_the_response_is_positive(count, seed):
    # A_ij is a Gram matrix of modes: pumping cannot lower its own energy.
    kernel = overlap_kernel(sites(count, seed), WAIST, SIZE)
    assert np.linalg.eigvalsh(kernel).min() > -1e-9 * kernel.max()


def test_point_like_far_sites_are_the_confocal_couplings():
    size = 1e-3 * WAIST
    positions = WAIST * np.array([[1.0, 0.3], [0.2, -0.9], [-0.4, 1.2]])
    kernel = overlap_kernel(positions, WAIST, size)
    beta = WAIST**2 / (8 * size**2)
    np.testing.assert_allclose(
        kernel - np.diag(np.diag(kernel)), confocal_couplings(positions, WAIST),
        atol=1e-5,
    )  # fmt: skip
    # Self term: beta and the cosine with oneself, J_ii includes f_ii.
    own = np.cos(2 * np.sum(positions**2, axis=1) / WAIST**2)
    np.testing.assert_allclose(np.diag(kernel) - beta, own, atol=1e-4)


def test_beta_is_the_diagonal_of_far_sites_and_doubles_on_the_axis():
    far = WAIST * np.array([[9.0, 0.0], [0.0, 11.0]])
    diagonal = np.diag(overlap_kernel(far, WAIST, SIZE))
    # At 9 w0 the finite-size cosine is damped to exp(-4 * 81 / 80) = 0.017.
    np.testing.assert_allclose(diagonal, 10.0, atol=0.02)
    centre = overlap_kernel(np.zeros((1, 2)), WAIST, SIZE)[0, 0]
    assert centre == pytest.approx(2 * 10 + 1 / (1 + 4 * (SIZE / WAIST) ** 4))


def test_peak_local_over_nonlocal_is_two_beta():
    positions = WAIST * np.array([[2.0, 0.0]])
    spot = emission_kernel(positions, positions, WAIST, SIZE)[0, 0]
    local = 0.5 * WAIST**2 / (2 * np.pi * SIZE**2)
    assert local * np.pi == pytest.approx(2 * 10)
    assert spot == pytest.approx(local, rel=0.05)


def test_emission_is_even_and_sums_over_points():
    positions, points = sites(4), sites(7, seed=1)
    field = emission_kernel(points, positions, WAIST, SIZE)
    assert field.shape == (7, 4)
    np.testing.assert_allclose(
        emission_kernel(-points, positions, WAIST, SIZE), field, rtol=1e-12
    )


def test_an_image_is_made_of_lines():
    positions, x, y = sites(4), *sites(9, seed=1).T
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    along, down = (
        emission_factors(places, positions[:, axis], WAIST, SIZE)
        for axis, places in enumerate((x, y))
    )
    image = np.einsum("tyj,txj->yxj", down, along).reshape(-1, 4)
    field = emission_kernel(points, positions, WAIST, SIZE)
    np.testing.assert_allclose(image, field, atol=1e-12 * field.max())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((np.zeros((2, 3)), np.zeros((2, 2)), WAIST, SIZE), ShapeError),
        ((np.zeros((2, 2)), np.zeros(2), WAIST, SIZE), ShapeError),
        ((np.zeros((2, 2)), np.full((2, 2), np.nan), WAIST, SIZE), ShapeError),
        ((np.zeros((2, 2)), np.zeros((2, 2)), 0.0, SIZE), ParameterError),
        ((np.zeros((2, 2)), np.zeros((2, 2)), WAIST, 0.0), ParameterError),
        ((np.zeros((2, 2)), np.zeros((2, 2)), WAIST, np.nan), ParameterError),
    ],
)
def test_bad_input_is_refused(arguments, error):
    with pytest.raises(error):
        emission_kernel(*arguments)
    if arguments[0].shape == (2, 2):
        with pytest.raises(error):
            overlap_kernel(*arguments[1:])


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((np.zeros((2, 2)), np.zeros(2), WAIST, SIZE), ShapeError),
        ((np.zeros(2), np.full(2, np.nan), WAIST, SIZE), ShapeError),
        ((np.zeros(2), np.zeros(2), 0.0, SIZE), ParameterError),
        ((np.zeros(2), np.zeros(2), WAIST, 0.0), ParameterError),
    ],
)
def test_bad_lines_are_refused(arguments, error):
    with pytest.raises(error):
        emission_factors(*arguments)
