"""The fixture for a laboratory's own tests, and what it costs the others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ccqed_ctrl.errors import TimelineError

RECALL = Path("repository/recall.py")


def test_a_recall_by_laboratory_names(ccqed_run):
    timeline = ccqed_run(RECALL, seed=3, exposure=200e-6)
    hologram, reference = timeline.pulses("ttl_camera")
    assert hologram[1] - hologram[0] == pytest.approx(200e-6)
    assert reference[1] - reference[0] == pytest.approx(200e-6)
    assert timeline.value("pump_plus", "amplitude", at=hologram[0]) == 1.0
    assert timeline.value("pump_plus", "amplitude", at=0.0) == 0.0
    assert timeline.value("urukul0_ch0", "amplitude") == 1.0
    (noise,) = timeline.pulses("noise_gate")
    assert noise[1] >= hologram[1]
    assert max(volts for _, volts in timeline.steps("pump_servo", "dac0")) > 1
    assert timeline.left_on == []
    assert timeline.minimum_slack > 0
    assert timeline.datasets["shot.pixels_wrong"][0] == 0


def test_names_nobody_has(ccqed_run):
    timeline = ccqed_run(RECALL)
    with pytest.raises(TimelineError, match="'ttl_camara'"):
        timeline.pulses("ttl_camara")


def test_a_run_that_fails_raises_what_it_failed_with(ccqed_run, tmp_path):
    file = tmp_path / "bad.py"
    file.write_text(
        "from artiq.experiment import *\nclass Bad(EnvExperiment):\n"
        "    def run(self):\n        raise OSError('the laser is off')\n"
    )
    with pytest.raises(OSError, match="laser"):
        ccqed_run(file)


def test_who_does_not_ask_pays_nothing():
    code = (
        "import sys, sim_backend.pytest_plugin\n"
        "heavy = {'numpy', 'artiq', 'numba', 'h5py', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
