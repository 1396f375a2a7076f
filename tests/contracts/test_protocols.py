"""Network drivers: the simulated ones are what the control side asks for."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from ccqed_ctrl import protocols
from sim_backend.crate.link import Link
from sim_backend.laboratory import LABORATORY
from sim_backend.laboratory.controllers.camera import SimulatedCamera
from sim_backend.laboratory.controllers.dmd import SimulatedDmd
from sim_backend.laboratory.controllers.lock import SimulatedLock
from sim_backend.laboratory.controllers.tweezers import SimulatedTweezers
from tests.controllers import fake_alp4, fake_pylablib
from tests.laboratory.bench import WIRING

PAIRS = [
    (protocols.Camera, SimulatedCamera),
    (protocols.PatternModulator, SimulatedDmd),
    (protocols.TweezerArray, SimulatedTweezers),
    (protocols.CavityLock, SimulatedLock),
]


def methods(cls):
    return {
        name: method
        for name, method in inspect.getmembers(cls, inspect.isfunction)
        if not name.startswith("_")
    }


def differences(protocol, implementation):
    """Return what keeps a class from satisfying a protocol, parameter names included.

    Parameters of its own are allowed if they have defaults.
    """
    found, own = [], methods(implementation)
    for name, wanted in methods(protocol).items():
        if name not in own:
            found.append(f"{name} is missing")
            continue
        expected = list(inspect.signature(wanted).parameters)
        given = inspect.signature(own[name]).parameters
        names = list(given)
        if names[: len(expected)] != expected:
            found.append(f"{name}{tuple(names)} should be {name}{tuple(expected)}")
        extra = [given[n] for n in names[len(expected) :]]
        if any(p.default is p.empty for p in extra):
            found.append(f"{name} asks for more than {tuple(expected)}")
    return found


@pytest.mark.parametrize(("protocol", "implementation"), PAIRS)
def test_the_simulated_driver_satisfies_its_protocol(protocol, implementation):
    assert differences(protocol, implementation) == []
    # A server also closes its objects.
    assert "close" in methods(implementation)


def test_the_basler_satisfies_the_protocol_of_cameras():
    basler = pytest.importorskip("ccqed_ctrl.controllers.basler")
    assert differences(protocols.Camera, basler.Basler) == []


def test_the_cameras_of_pylablib_satisfy_it_too():
    with fake_pylablib.drivers() as drivers:
        for camera in (drivers.Andor, drivers.Hamamatsu):
            assert differences(protocols.Camera, camera) == []


def test_the_vialux_satisfies_the_protocol_of_dmds():
    with fake_alp4.drivers() as drivers:
        assert differences(protocols.PatternModulator, drivers.Vialux) == []


def test_tweezers_by_slmsuite_satisfy_theirs():
    pytest.importorskip("cv2", exc_type=ImportError)
    driver = pytest.importorskip("ccqed_ctrl.controllers.slm_tweezers")
    assert differences(protocols.TweezerArray, driver.SlmTweezers) == []


def test_every_controller_of_the_twin_is_compared():
    compared = {f"{cls.__module__}:{cls.__name__}" for _, cls in PAIRS}
    assert compared == set(LABORATORY.controllers.values())


@pytest.mark.parametrize(("protocol", "implementation"), PAIRS)
def test_instances_are_recognised_and_answer(protocol, implementation):
    link = Link(
        None,
        WIRING,
        {"imaging": {"pixels": 16}, "modes": {"max_order": 4}},
        module="sim_backend.laboratory",
    )

    class DeviceManager:
        def get(self, _):
            return link

    device = implementation(DeviceManager())
    assert isinstance(device, protocol)
    assert device.ping() is True
    status = device.status()
    assert status["model"].startswith("simulated")
    # Plain values only: they travel by RPC.
    assert all(isinstance(v, str | int | float | list) for v in status.values())
    assert not any(isinstance(v, np.generic) for v in status.values())


class Tweezers:
    def ping(self):
        return True

    def status(self, verbose=False):
        return {}

    def set_positions(self, positions):
        pass

    def positions(self):
        pass

    def program(self, traps, times, positions):
        pass

    def occupied(self):
        pass


class Renamed(Tweezers):
    def set_positions(self, sites):
        pass


class Demanding(Tweezers):
    def positions(self, unit):
        pass


class Silent(Tweezers):
    ping = None


@pytest.mark.parametrize(
    ("implementation", "found"),
    [
        (Tweezers, []),
        (Renamed, ["set_positions('self', 'sites') should be "
                   "set_positions('self', 'positions')"]),
        (Demanding, ["positions asks for more than ('self',)"]),
        (Silent, ["ping is missing"]),
    ],
)  # fmt: skip
def test_the_comparison_finds_what_differs(implementation, found):
    assert differences(protocols.TweezerArray, implementation) == found


def test_the_comparison_sees_inherited_methods():
    assert {"ping", "status", "arm", "fetch", "abort"} == set(methods(protocols.Camera))
