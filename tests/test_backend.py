"""What a run's devices are: hardware beyond doubt, ours, or doubtful; and no lie."""

from __future__ import annotations

import importlib
import re
import runpy
import socket
import struct
import sys
import threading
import types
from pathlib import Path

import pytest

import analysis
from analysis.files.listing import Filter, scan, select
from ccqed_ctrl import backend
from ccqed_ctrl.backend import DOUBTFUL, HARDWARE, SIMULATION, ask
from sim_backend.ddb import simulate
from sim_backend.host import devices, is_embedded, runner

ROOT = Path(__file__).parents[1]
LABORATORY = "sim_backend.laboratory"


class Controller:
    """A network driver, which says of itself what it is made with."""

    def __init__(self, answer):
        self._answer = answer

    def status(self):
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


CAMERA = Controller({"model": "Andor Zyla", "serial": "7"})
OWN_SIMULATION = Controller({"model": "simulated camera", "simulated": True})
TELLTALE = Controller({"model": "Simulator 3000"})
DEAD, MUTE = Controller(ConnectionResetError("gone")), object()


def shim(name, **members):
    """Return an object of a class that says it is ARTIQ's."""
    return type(name, (), {"__module__": f"artiq.coredevice.{name.lower()}", **members})


@pytest.fixture
def twin(monkeypatch):
    """Real names, simulated devices: the manager that has made some."""
    monkeypatch.delenv("CCQED_BACKEND", raising=False)
    device_db = runpy.run_path(str(ROOT / "device_db.py"))["device_db"]
    manager = devices.DeviceManager(devices.DeviceDB(simulate(device_db, LABORATORY)))
    for name in ("core", "pump_plus", "camera", "laboratory"):
        manager.get(name)
    return manager


def test_the_twin_says_that_it_is_one(twin):
    found = backend.devices_of(twin)
    assert {"core", "urukul0_ch0", "camera", "plant", "laboratory"} <= set(found)
    assert ask(found).backend == SIMULATION
    for controller in ("camera", "dmd", "tweezers", "lock"):
        assert twin.get(controller).status()["simulated"] is True


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({"camera": CAMERA}, DOUBTFUL),  # real light on simulated atoms
        ({"camera": OWN_SIMULATION}, SIMULATION),
        ({"camera": TELLTALE}, SIMULATION),
        ({"camera": DEAD, "lamp": MUTE}, SIMULATION),
        ({"shim": shim("Core")()}, DOUBTFUL),
    ],
)
def test_simulated_devices_among_others(twin, others, expected):
    found = ask(backend.devices_of(twin) | others)
    assert found.backend == expected
    assert all(name in found.reason for name in others if name != "lamp")


@pytest.mark.parametrize(
    ("alone", "expected", "reason"),
    [
        ({}, DOUBTFUL, "no devices"),
        ({"camera": CAMERA}, HARDWARE, "camera: Andor Zyla"),
        ({"camera": CAMERA, "lamp": MUTE}, DOUBTFUL, "lamp: its status.. does not"),
        ({"camera": CAMERA, "dmd": DEAD}, DOUBTFUL, "dmd: .*gone"),
        ({"camera": Controller([1])}, DOUBTFUL, "camera: "),
        ({"camera": CAMERA, "dmd": OWN_SIMULATION}, DOUBTFUL, "dmd: simulated"),
    ],
)
def test_controllers_are_asked(alone, expected, reason):
    found = ask(alone)
    assert found.backend == expected
    assert re.search(reason, found.reason)


@pytest.mark.parametrize(
    "device",
    [
        shim("Core")(),
        shim("Core", run=lambda self, *_: 1)(),
        shim("Core", comm=types.SimpleNamespace(host="kasli"))(),
        type("Core", (shim("Core"),), {"__module__": "artiq.coredevice.core"})(),
    ],
)
@pytest.mark.parametrize("loaded", [False, True])
def test_a_class_that_calls_itself_artiqs_is_doubtful(monkeypatch, device, loaded):
    if loaded:
        module = types.ModuleType("artiq.coredevice.core")
        module.Core, module.__file__ = type(device), __file__
        monkeypatch.setitem(sys.modules, "artiq.coredevice.core", module)
    found = ask({"core": device, "camera": CAMERA})
    assert found.backend == DOUBTFUL
    assert "core: not ARTIQ's own driver" in found.reason


# Whole runs: whatever an experiment does, nobody is told that it was hardware.

EXPERIMENT = """
from artiq.experiment import *
import ccqed_ctrl.backend
from ccqed_ctrl.records import encoded

class Liar(EnvExperiment):
    def build(self):
        self.setattr_device("core")
        self.setattr_device("led")
    @kernel
    def blink(self):
        self.core.reset()
        self.led.pulse(1*us)
    def run(self):
        self.blink()
        self.lie()
    def lie(self):
        %s
"""
SAID = 'self.set_dataset("backend", "hardware")'
LIES = {
    "dataset": SAID,
    "broadcast": 'self.set_dataset("backend", "hardware", broadcast=True)',
    "provenance": f"""{SAID}
        self.set_dataset("schema_revision", 2)
        self.set_dataset("schema", encoded([], "Liar"))
        self.set_dataset("provenance", '{{"backend": "hardware"}}')""",
    "function": f"""{SAID}
        truth = ccqed_ctrl.backend.Answer("hardware", "")
        ccqed_ctrl.backend.ask = lambda devices: truth""",
}
DEVICE_DB = """
class Database(dict):
    def get(self, key, default=None):
        real = {"type": "local", "module": "artiq.coredevice.core", "class": "Core"}
        return real if key == "core" and %r else super().get(key, default)

device_db = Database({
    "core": {"type": "local", "module": "artiq.coredevice.core", "class": "Core",
             "arguments": {"host": "::1", "ref_period": 1e-9}},
    "led": {"type": "local", "module": "artiq.coredevice.ttl", "class": "TTLOut",
            "arguments": {"channel": 0}},
})
"""


def claimed(path):
    """Return the backend by each way of reading."""
    with analysis.open(path) as run:
        shown = run.header.backend, run.title
    (listed,) = select(scan(path), Filter())
    hardware = select(scan(path), Filter(backend=HARDWARE))
    return {shown[0], listed.header.backend}, shown[1], hardware


@pytest.mark.parametrize("dictionary", [False, True], ids=["plain", "dict subclass"])
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_no_experiment_makes_a_simulated_run_hardware(
    tmp_path, monkeypatch, lie, dictionary
):
    monkeypatch.setattr(backend, "ask", backend.ask)  # what the lie replaces
    (tmp_path / "liar.py").write_text(EXPERIMENT % lie)
    (tmp_path / "device_db.py").write_text(DEVICE_DB % dictionary)
    request = runner.Request(
        tmp_path / "liar.py", device_db=tmp_path / "device_db.py",
        dataset_db=tmp_path / "d.sqlite", results=tmp_path / "results",
    )  # fmt: skip
    outcome = runner.run(request)
    assert outcome.status == "ok"
    said, title, hardware = claimed(outcome.path)
    assert said == {DOUBTFUL}
    assert "hardware" not in title
    assert hardware == []


def test_the_host_is_no_hardware_whatever_is_said_before_it_asks(tmp_path, monkeypatch):
    truth = backend.Answer(HARDWARE, "")
    monkeypatch.setattr(backend, "ask", lambda devices: truth)
    (tmp_path / "liar.py").write_text(EXPERIMENT % "pass")
    (tmp_path / "device_db.py").write_text(DEVICE_DB % False)
    request = runner.Request(
        tmp_path / "liar.py", device_db=tmp_path / "device_db.py",
        dataset_db=tmp_path / "d.sqlite", results=tmp_path / "results",
    )  # fmt: skip
    said, _, _ = claimed(runner.run(request).path)
    assert said == {DOUBTFUL}


# ARTIQ's own drivers, with something that answers as a core device does.


class CoreDevice:
    """What a core device says of itself, on a socket."""

    def __init__(self, name, runtime=b"AROR"):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        text = struct.pack("<l", len(name)) + name if runtime == b"AROR" else b""
        clean = b"\1" if runtime == b"AROR" else b""
        self._reply = b"Z" * 4 + b"\2" + runtime + text + clean
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        connection, _ = self._socket.accept()
        with connection:
            connection.recv(64)
            connection.sendall(b"e")
            connection.recv(64)
            connection.sendall(self._reply)

    def close(self):
        self._socket.close()
        self.thread.join(5)


needs_artiq = pytest.mark.skipif(
    is_embedded("artiq"), reason="no real ARTIQ in this interpreter"
)


def real_core(port):
    """Return ARTIQ's core device driver, connected to a port."""
    driver = importlib.import_module("artiq.coredevice.core")
    core = driver.Core(None, "127.0.0.1", 1e-9)
    core.comm.port = port
    return core


@pytest.mark.artiq
@needs_artiq
@pytest.mark.parametrize(
    ("name", "runtime", "expected"),
    [
        (b"9.0+abc;kasli", b"AROR", HARDWARE),
        (b"", b"ARZQ", HARDWARE),
        (b"9.0+abc;emulated kasli", b"AROR", SIMULATION),
        (b"", b"HTTP", DOUBTFUL),
    ],
)
def test_what_answers_at_the_other_end(name, runtime, expected):
    device = CoreDevice(name, runtime)
    core = real_core(device.port)
    try:
        found = ask({"core": core})
    finally:
        core.close()
        device.close()
    assert found.backend == expected
    assert name.decode() in found.reason


@pytest.mark.artiq
@needs_artiq
def test_the_laboratorys_own_drivers_are_hardware_until_somebody_changes_one(
    monkeypatch,
):
    monkeypatch.delenv("CCQED_BACKEND", raising=False)
    device_db = runpy.run_path(str(ROOT / "device_db.py"))["device_db"]
    master = importlib.import_module("artiq.master.worker_db")
    manager = master.DeviceManager(devices.DeviceDB(device_db))
    local = [k for k, e in device_db.items() if not isinstance(e, str)
             and e["type"] == "local" and k != "core"]  # fmt: skip
    for name in local:
        manager.get(name)
    made = backend.devices_of(manager)
    server = CoreDevice(b"9.0;kasli")
    core = made["core"]
    core.comm.host, core.comm.port = "127.0.0.1", server.port
    assert set(local) <= set(made)
    assert ask(made).backend == HARDWARE
    core.close()
    server.close()
    del made["core"]
    made["ttl4"].pulse = lambda duration: None
    found = ask(made)
    assert found.backend == DOUBTFUL
    assert found.reason == "ttl4: not ARTIQ's own driver: pulse has been replaced"
    del made["ttl4"].pulse
    monkeypatch.setattr(type(made["ttl4"]), "pulse", lambda self, duration: None)
    backend._foreign.cache_clear()
    assert "pulse is defined in" in ask(made).reason
    backend._foreign.cache_clear()


@pytest.mark.artiq
@needs_artiq
@pytest.mark.parametrize("without_core", [False, True])
def test_cards_are_what_their_core_device_is(monkeypatch, without_core):
    monkeypatch.delenv("CCQED_BACKEND", raising=False)
    device_db = runpy.run_path(str(ROOT / "device_db.py"))["device_db"]
    master = importlib.import_module("artiq.master.worker_db")
    manager = master.DeviceManager(devices.DeviceDB(device_db))
    for name in ("ttl4", "urukul0_ch0", "zotino0"):
        manager.get(name)
    made = backend.devices_of(manager)
    server = CoreDevice(b"9.0;simulation")
    core = made["core"]
    core.comm.host, core.comm.port = "127.0.0.1", server.port
    if without_core:
        del made["core"]
    found = ask(made)
    core.close()
    server.close()
    assert found.backend == SIMULATION
    assert ("9.0;simulation" in found.reason) is not without_core


@pytest.mark.artiq
@needs_artiq
def test_a_core_device_that_only_compiles_or_does_not_answer_is_doubtful():
    driver = importlib.import_module("artiq.coredevice.core")
    compiling = driver.Core(None, None, 1e-9)
    found = ask({"core": compiling})
    assert (found.backend, "kernels go nowhere" in found.reason) == (DOUBTFUL, True)
    closed = socket.create_server(("127.0.0.1", 0))
    core = real_core(closed.getsockname()[1])
    closed.close()
    found = ask({"core": core})
    assert (found.backend, "no core device" in found.reason) == (DOUBTFUL, True)
