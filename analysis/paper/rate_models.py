"""The two rate models of the flip rate, at the paper's parameters, for Figs. 8, 15, 16.

`exact` is the kernel that master equations confirm, `printed` the paper's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ccqed_ctrl.model.couplings import coupling_scale
from ccqed_ctrl.params import Cavity, Cloud, Pump
from sim_backend.laboratory.physics.noise import NoiseModel
from sim_backend.laboratory.physics.rates import KernelName, flip_kernel

Floats = NDArray[np.float64]

MODELS: tuple[KernelName, ...] = ("exact", "printed")
#: |de|/|Delta_C| above which the exact net downhill rate rises: 1/sqrt(5) for small
#: kappa.
TURNING_POINT = 1 / np.sqrt(5)


def kernel(
    x: ArrayLike,
    model: KernelName,
    cavity: Cavity | None = None,
    noise: NoiseModel = None,
) -> Floats:
    """Return K in 1/s at energy changes x = de/|Delta_C|, of the shape of x.

    The self coupling J_ii = J_0 beta and omega_z are those of `Pump` and `Cloud`.
    """
    cavity = cavity or Cavity()
    pump = Pump()
    return flip_kernel(
        np.asarray(x) * abs(cavity.pump_detuning),
        coupling_scale(cavity, pump) * Cloud().beta(cavity),
        cavity,
        omega_z=pump.omega_z,
        noise=noise,
        model=model,
    )


def net_downhill(x: ArrayLike, model: KernelName) -> Floats:
    """Return K(-x) - K(x) in 1/s, noise-free: what drives an ensemble to its field."""
    x = np.asarray(x, np.float64)
    return kernel(-x, model) - kernel(x, model)
