"""A small optical bench: known spins in, frames out, by the plant's mode sum."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from analysis.readout.decode import Decoder
from analysis.readout.demodulation import demodulate
from ccqed_ctrl import schema
from ccqed_ctrl.model import layout
from ccqed_ctrl.model.imaging import pixel_axis, reference_wave
from ccqed_ctrl.params import Cavity, Cloud, Imaging, Pump
from sim_backend.laboratory.physics import cavity as modes
from sim_backend.laboratory.physics import detection
from tests.laboratory.bench import Laboratory, plan_shot

CAVITY, CLOUD = Cavity(), Cloud()
IMAGING = Imaging(pixels=160)
#: Electrons per pixel and second of the reference, and of the mirror's share.
REFERENCE_RATE, EFFICIENCY = 4e8, 0.175
SITES = 16


class Bench:
    """Sixteen ensembles, imaged without any of the twin's time or electronics."""

    imaging = IMAGING
    exposure = 50e-6

    def __init__(self):
        self.positions = layout.sample_layout(
            SITES, CAVITY.waist, 8e-6, np.random.default_rng(1)
        )
        self.decoder = Decoder.of_layout(self.positions, CAVITY, CLOUD, IMAGING)
        self._units = self.emission(self.positions)
        self._reference = reference_wave(IMAGING) * np.sqrt(REFERENCE_RATE)

    def emission(self, positions, scale=1.0):
        """Return the field of each ensemble alone, (N, ny, nx), sqrt(e-/s).

        `scale`: what the real magnification does to lengths on the camera.
        """
        family = modes.ModeFamily()
        averages = modes.cloud_averages(positions, CLOUD.size, CAVITY.waist, family)
        axis = pixel_axis(IMAGING) * scale
        imager = modes.ModeImager.on_grid(axis, axis, CAVITY.waist, family)
        coupling = Pump().mode_coupling(CAVITY)
        leak = np.sqrt(2 * CAVITY.kappa * EFFICIENCY) * IMAGING.pixel_size * scale
        return np.stack([
            leak * imager.field(
                modes.mode_amplitudes(averages, single, coupling, CAVITY, family)
            )
            for single in np.eye(len(positions)) * CLOUD.atoms / 2
        ])  # fmt: skip

    def field(self, spins, phase=0.0, units=None):
        """Return the field on the camera (ny, nx), sqrt(e-/s) per pixel."""
        units = self._units if units is None else units
        return np.tensordot(spins, units, 1) * np.exp(1j * phase)

    def frames(self, field, rng, exposure=None, imaging=IMAGING):
        """Return hologram and reference frame."""
        exposure = self.exposure if exposure is None else exposure
        rates = (detection.hologram_rate(part, self._reference) for part in (field, 0))
        return [detection.expose(exposure * rate, imaging, rng) for rate in rates]

    def noiseless(self, field, exposure=None):
        """Return both frames as exact (not whole) counts."""
        exposure = self.exposure if exposure is None else exposure
        gain, offset = IMAGING.electrons_per_count, IMAGING.offset
        rates = (detection.hologram_rate(part, self._reference) for part in (field, 0))
        return [exposure * rate / gain + offset for rate in rates]

    def read(self, frames, imaging=IMAGING):
        """Return the readout of frames."""
        field = demodulate(*frames, imaging, self.decoder.band)
        return self.decoder.decode(field)

    def signs(self, readout):
        """Return the most likely sign of every ensemble, sure or not."""
        return np.sign((readout.amplitudes * np.exp(-1j * readout.phase)).real)

    def random_spins(self, rng):
        return rng.choice([-1, 1], size=SITES)


@pytest.fixture(scope="session")
def bench():
    return Bench()


@pytest.fixture
def rng():
    return np.random.default_rng(20261122)


def write_result(path, shots=2, done=None, **changes):
    """Write the results file of a small recall; `changes` replace datasets."""
    plan = plan_shot(0)
    laboratory = Laboratory(plan)
    recorded = laboratory.run()
    row = laboratory.read(recorded) | {
        "shot.frames": recorded["frames"],
        "shot.exposure": recorded["exposure"],
        "shot.saturated": recorded["saturated"].sum(),
    }
    values = plan.datasets() | {"backend": "simulation"}
    for key in ("shot.cue", "shot.encoded_cue", "shot.drive", "shot.amplitude"):
        values[key] = np.repeat(values[key], shots, axis=0)
    values |= {key: np.stack([np.asarray(value)] * shots) for key, value in row.items()}
    values |= {"progress.done": shots if done is None else done} | changes
    with h5py.File(path, "w") as file:
        file["rid"] = 7
        file["ccqed/status"] = "ok"
        for key, value in values.items():
            file[f"datasets/{key}"] = schema.conform(key, value)
    return path


@pytest.fixture(scope="session")
def result(tmp_path_factory):
    """The results file of a complete recall of two equal shots."""
    return write_result(tmp_path_factory.mktemp("result") / "000000007-Recall.h5")
