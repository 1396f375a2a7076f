"""What semiclassical evolution refuses, and with which words."""

import numpy as np
import pytest

from ccqed_ctrl.errors import ParameterError, ShapeError
from sim_backend.laboratory.physics.semiclassical import State, Waveform
from sim_backend.laboratory.physics.system import OhmicNoise, SpinSystem

from .test_semiclassical import (
    CAVITY,
    WZ,
    D,
    evolve,
    mode_couplings,
    network,
    pointing,
    ramps,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"times": [0, 2e-6, 1e-6]}, ShapeError, "times must not decrease"),
        ({"times": [1e-6] * 3}, ShapeError, "two different breakpoints"),
        ({"power": [1, -1, 1]}, ShapeError, "power must be >= 0; got -1"),
        ({"power": [1, 1]}, ShapeError, "power must have shape"),
        ({"field": np.zeros((3, 5))}, ShapeError, "drive.field must have shape"),
        ({"field": np.full((3, 4), np.nan)}, ShapeError, "field must be finite"),
        ({"noise": [True]}, ShapeError, "noise must have shape"),
        ({"noise": [True, True]}, ParameterError, "quantum"),
        ({"spins": np.ones((4, 3))}, ShapeError, "no longer than 1; got 1.73"),
        ({"spins": np.zeros((4, 2))}, ShapeError, "state.spins must have shape"),
        ({"light": np.zeros(3)}, ShapeError, "state.light must have shape"),
        ({"sample_times": [3e-6]}, ShapeError, "sample_times"),
        ({"step": 1e-6}, ParameterError, "step must be"),
        ({"site_detunings": [D]}, ShapeError, "site_detunings must have shape"),
    ],
)
def test_refuses(change, error, words):
    values = {
        "times": [0, 1e-6, 2e-6],
        "power": np.ones(3),
        "field": np.zeros((3, 4)),
        "noise": None,
        "spins": pointing(4).spins,
        "light": np.zeros(4),
        "sample_times": [],
        "step": None,
        "site_detunings": None,
        **change,
    }
    with pytest.raises(error, match=words):
        drive = Waveform(*(values[k] for k in ("times", "power", "field", "noise")))
        evolve(
            network(
                mode_couplings(),
                noise=OhmicNoise(quantum=True),
                site_detunings=values["site_detunings"],
            ),
            drive,
            State(values["spins"], values["light"]),
            values["sample_times"],
            step=values["step"],
        )


def test_refuses_site_detunings_of_couplings_no_cavity_makes():
    J = np.array([[0.1, 1.0], [1.0, 0.1]])
    system = SpinSystem(J, [5e3] * 2, CAVITY, WZ, site_detunings=[D, D])
    with pytest.raises(ParameterError, match="no negative eigenvalue"):
        evolve(system, ramps(2), pointing(2))
