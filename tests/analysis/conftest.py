"""A small optical bench: known spins in, frames out; and files of real runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.readout.decode import Decoder
from analysis.readout.demodulation import demodulate
from ccqed_ctrl.model import layout
from ccqed_ctrl.model.imaging import pixel_axis, reference_wave
from ccqed_ctrl.params import Cavity, Cloud, Imaging, Pump
from sim_backend.host import runner
from sim_backend.laboratory.physics import cavity as modes
from sim_backend.laboratory.physics import detection
from sim_backend.laboratory.pixels import Pixels

RECALL = Path(__file__).parents[2] / "repository" / "recall.py"

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

    def emission(self, positions, scale=1.0, centre=(0.0, 0.0), **cloud):
        """Return the field of each ensemble alone, (N, ny, nx), sqrt(e-/s).

        `scale`: what the real magnification does to lengths on the camera. `centre`:
        where the cavity axis is in the frame, m. `cloud`: its `size`, and the `blur`
        of the imaging, m.
        """
        family = modes.ModeFamily()
        size = cloud.get("size", CLOUD.size)
        averages = modes.cloud_averages(positions, size, CAVITY.waist, family)
        axis = pixel_axis(IMAGING) * scale
        places = axis - centre[0], axis - centre[1]
        imager = modes.ModeImager.on_grid(
            *places, CAVITY.waist, family, blur=cloud.get("blur", 0.0)
        )
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
        return [Pixels(imaging).expose(exposure * rate, rng) for rate in rates]

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


def recall(folder, **arguments):
    """Run Recall on the twin; return its file."""
    request = runner.Request(
        file=RECALL,
        arguments=arguments,
        # Files are read alike, whatever the dynamics.
        twin={"dynamics": "steepest_descent"},
        dataset_db=folder / "datasets.sqlite",
        results=folder / "results",
        seed=3,
    )
    outcome = runner.run(request)
    assert outcome.status == "ok"
    return outcome.path


@pytest.fixture(scope="session")
def recalled(tmp_path_factory):
    """The file of a recall of two shots; the folder of results is three above."""
    return recall(tmp_path_factory.mktemp("recalled"), shots=2, memory=2)


@pytest.fixture(scope="session")
def scanned(tmp_path_factory, recalled):
    """The file of a scan, begun after `recalled`.

    Layouts differ between points, and so do memories and cues.
    Of the product of two scans the points are (1.4, heart), (1.4, cup), (1.5, heart)...
    """
    return recall(
        tmp_path_factory.mktemp("scanned"),
        relative_width="1.4,1.5",
        memory=["heart", "cup"],
        corruption="0:20%:2",
    )
