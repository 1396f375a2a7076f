"""What the devices were: simulation unless it is certainly the laboratory."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from ccqed_ctrl.provenance import backend
from sim_backend.ddb import simulate


def test_the_laboratory_and_its_twin(monkeypatch):
    monkeypatch.delenv("CCQED_BACKEND", raising=False)
    file = Path(__file__).parents[1] / "device_db.py"
    device_db = runpy.run_path(str(file))["device_db"]
    assert backend(device_db) == "hardware"
    assert backend(simulate(device_db)) == "simulation"


@pytest.mark.parametrize(
    "device_db",
    [
        {},
        {"core": "kasli"},
        {"core": {}},
        {"core": {"module": None}},
        {"core": {"module": "artiq.sim.devices"}},
        {"core": {"module": "my.artiq.coredevice.core"}},
    ],
)
def test_the_uncertain_is_simulation(device_db):
    assert backend(device_db) == "simulation"
