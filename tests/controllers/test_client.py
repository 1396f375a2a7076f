"""What a controller's failures say, by any connection."""

from __future__ import annotations

import pytest

from ccqed_ctrl.controllers.client import Controller
from ccqed_ctrl.errors import DeviceError, DeviceTimeoutError


def failing(error):
    class Failing:
        def load(self, *_, **__):
            raise error

    return Controller("dmd", Failing())


def test_answers_are_the_drivers():
    class Driver:
        def load(self, name, *, twice):
            return name * (1 + twice)

    assert Controller("dmd", Driver()).load("cue", twice=True) == "cuecue"
    with pytest.raises(AttributeError, match="lode"):
        Controller("dmd", Driver()).lode("cue")


def test_errors_of_ours_come_back_as_such():
    text = "ccqed_ctrl.errors.DeviceTimeoutError: camera: no frame"
    with pytest.raises(DeviceTimeoutError, match="^camera: no frame$") as caught:
        failing(Exception(text)).load()
    assert str(caught.value.__cause__) == text
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError()).load()


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), EOFError("reset")])
def test_a_broken_connection_names_the_controller(error):
    said = r"^dmd: its controller is gone \(reset\); does it run"
    with pytest.raises(DeviceError, match=said):
        failing(error).load()


def test_a_timeout_of_the_device_is_no_broken_connection():
    with pytest.raises(DeviceTimeoutError, match="^no frame$"):
        failing(DeviceTimeoutError("no frame")).load()
