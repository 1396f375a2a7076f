"""Detection: interference, and what multiplication makes of electrons."""

from __future__ import annotations

import numpy as np

from sim_backend.laboratory.physics import detection


def test_interference():
    signal, reference = np.array([[3.0, 3.0, 3j]]), np.array([[4.0, -4.0, 4.0]])
    np.testing.assert_allclose(
        detection.hologram_rate(signal, reference), [[49.0, 1.0, 25.0]]
    )


def test_each_electron_leaves_the_register_as_a_geometric_number():
    rng = np.random.default_rng(3)
    out = detection.multiplied(np.ones(200_000, int), 4.0, rng)
    shares = np.bincount(out, minlength=9)[:9] / out.size
    law = 0.25 * 0.75 ** np.arange(8)
    assert shares[0] == 0
    np.testing.assert_allclose(shares[1:], law, atol=5 * np.sqrt(0.25 / out.size))
    assert not detection.multiplied(np.zeros(9, int), 4.0, rng).any()
