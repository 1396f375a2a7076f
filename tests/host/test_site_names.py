"""What experiments import exists, is the twin's where there is one, or refuses."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccqed_ctrl.errors import DeviceError
from sim_backend.crate.catalogue import REAL, SIMULATED
from sim_backend.host import SITE, is_embedded, names

pytestmark = pytest.mark.skipif(
    not is_embedded("artiq"), reason="a real ARTIQ is installed"
)
ROOT = Path(__file__).parents[2]
TWINS = [(module, name) for module, found in SIMULATED.items() for name in found]
REFUSED = [
    (module, name) for module in names.ABSENT for name in names.ABSENT[module].split()
]


@pytest.mark.parametrize(("module", "name"), sorted(TWINS))
def test_a_driver_is_the_twins(module, name):
    twin = getattr(importlib.import_module(f"sim_backend.crate.drivers.{module}"), name)
    assert getattr(importlib.import_module(REAL + module), name) is twin


@pytest.mark.parametrize(("module", "name"), sorted(REFUSED))
def test_what_has_no_twin_refuses_when_called(module, name):
    kind = getattr(importlib.import_module(module), name)
    assert not isinstance(object(), kind)
    with pytest.raises(
        DeviceError, match=f"^{module}.{name} is|^{module}.{name} shows"
    ):
        kind("core", channel=3)

    class Own(kind):
        def __init__(self, dmgr):
            """Never reached."""

    with pytest.raises(DeviceError, match=f"Own cannot be made: {module}.{name}"):
        Own("core")


def test_the_patterns_find_names():
    for place, source, patterns in names.TWINS:
        for pattern in patterns.split():
            only = names.fnmatchcase
            assert any(only(name, pattern) for name in vars(source)), (place, pattern)


def test_everything_of_a_module_can_be_imported_at_once():
    scope = {}
    exec("from artiq.coredevice.ad9910 import *", scope)
    exec("from artiq.coredevice.grabber import *", scope)
    assert {"AD9910", "PHASE_MODE_TRACKING", "Grabber", "OutOfSyncException"} <= set(
        scope
    )
    assert not any(name.startswith("_AD9910") for name in scope)


def test_constants_without_underscores_and_with():
    from artiq.coredevice import ad9910

    assert (ad9910.PHASE_MODE_TRACKING, ad9910._AD9910_REG_PROFILE0) == (2, 0x0E)
    assert "PHASE_MODE_TRACKING" in dir(ad9910)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("import artiq.coredevice.flux_capacitor", "No module named"),
        ("import artiq.gateware", "No module named"),
        ("from artiq.coredevice.ad9910 import AD9999", "cannot import name 'AD9999'"),
        ("from sipyco.sync_struct import Subscribers", "cannot import name"),
    ],
)
def test_what_artiq_has_not_is_not_there(statement, message):
    with pytest.raises(ImportError, match=message):
        exec(statement)


@pytest.mark.parametrize(
    "first",
    [
        "artiq.coredevice.grabber",
        "artiq.coredevice.core",
        "artiq.master.worker_db",
        "artiq.master.databases",
        "sipyco.sync_struct",
        "sim_backend.crate.drivers.edge_counter",
    ],
)
def test_any_module_can_be_the_first(first):
    # Drivers import exceptions of the site, whose modules offer those drivers.
    code = f"import {first}; import artiq.coredevice.grabber as g; print(g.Grabber)"
    path = os.pathsep.join(map(str, (SITE, ROOT)))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert "drivers.grabber.Grabber" in done.stdout, done.stderr


OWN_DRIVER = """
from artiq.coredevice.ad53xx import AD53xx
from artiq.coredevice.core import Core
from artiq.coredevice.ttl import TTLOut
from artiq.experiment import *


class Shutter:
    \"\"\"A driver of the laboratory's own, that asks for the core and a TTL.\"\"\"

    kernel_invariants = {"core", "ttl", "lag"}

    def __init__(self, dmgr, ttl, lag=2 * ms, core_device="core"):
        self.core: Core = dmgr.get(core_device)
        self.ttl: TTLOut = dmgr.get(ttl)
        self.lag = lag

    @kernel
    def open(self):
        self.ttl.on()
        delay(self.lag)


class Blinker(TTLOut):
    \"\"\"A kind of an ARTIQ driver, with an argument more.\"\"\"

    def __init__(self, dmgr, channel, gap=1 * us):
        super().__init__(dmgr, channel)
        self.gap = gap

    @kernel
    def blink(self, n):
        for _ in range(n):
            self.pulse(1 * us)
            delay(self.gap)
"""
OWN_DB = """
def artiq(module, cls, **arguments):
    return {"type": "local", "module": "artiq.coredevice." + module, "class": cls,
            "arguments": arguments}


device_db = {
    "core": artiq("core", "Core", host="::1", ref_period=1e-9),
    "ttl0": artiq("ttl", "TTLOut", channel=0),
    "shutter": {"type": "local", "module": "own_drivers", "class": "Shutter",
                "arguments": {"ttl": "ttl0"}},
    "blinker": {"type": "local", "module": "own_drivers", "class": "Blinker",
                "arguments": {"channel": 1, "gap": 3e-6}},
    "lamp": "ttl0",
}
"""


@pytest.fixture
def laboratory(workspace, monkeypatch):
    """A device database with drivers of the laboratory's own, beside it."""
    workspace.write(OWN_DRIVER, "own_drivers.py")
    workspace.write(OWN_DB, "device_db.py")
    monkeypatch.syspath_prepend(workspace.root)
    yield workspace
    sys.modules.pop("own_drivers", None)


def test_a_laboratorys_own_drivers_work(laboratory):
    outcome = laboratory.run(
        """
        def build(self):
            for name in ("core", "shutter", "blinker"):
                self.setattr_device(name)

        @kernel
        def run(self):
            self.core.reset()
            start = now_mu()
            self.shutter.open()
            self.blinker.blink(3)
            self.note(now_mu() - start)

        def note(self, mu):
            from artiq.coredevice.ttl import TTLOut

            self.set_dataset("mu", mu)
            self.set_dataset("kinds", [isinstance(self.blinker, TTLOut),
                                       isinstance(self.shutter.ttl, TTLOut)])
        """,
        history=True,
    )
    assert outcome.error is None
    assert outcome.datasets.get("mu") == 2_012_000
    assert outcome.datasets.get("kinds") == [True, True]
    events = outcome.plant.timeline.events
    assert [e.value for e in events if e.channel == "ttl0"] == [1]
    assert [e.value for e in events if e.channel == "blinker"] == [1, 0] * 3
