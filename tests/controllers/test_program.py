"""The programs of the network drivers: choosing one, serving it, ending."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest
from sipyco.pc_rpc import Client

from ccqed_ctrl import backend
from ccqed_ctrl.controllers import program
from ccqed_ctrl.errors import DeviceError, ParameterError
from tests.sockets import free_port, serving

PROGRAM = "import sys; from ccqed_ctrl.controllers.program import {0}; sys.exit({0}())"


def arguments(kind, *words):
    return ["-c", PROGRAM.format(kind), *words]


def said(kind, *words):
    """Return exit code and last words of a program that does not get to serving."""
    done = subprocess.run(
        [sys.executable, *arguments(kind, *words)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("kind", "methods"),
    [
        ("camera", {"abort", "arm", "fetch", "ping", "status"}),
        ("dmd", {"blank", "display", "displayed", "load", "ping", "status"}),
        (
            "tweezers",
            {"occupied", "ping", "positions", "program", "set_positions", "status"},
        ),
        ("lock", {"error_rms", "ping", "relock", "state", "status"}),
    ],
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_simulated_driver_is_served_until_a_signal(kind, methods, number):
    port = free_port()
    command = arguments(kind, "--simulation", "-p", str(port), "seed=3")
    with serving(*command, port=port) as process:
        client = Client("::1", port)
        assert client.get_rpc_id() == ([kind], client.status()["model"])
        assert client.ping() is True
        # As sipyco_rpctool lists them.
        listed = client.get_rpc_method_list()["methods"]
        assert set(listed) == methods | {"terminate"}
        answer = backend.ask({kind: client})
        assert answer.backend == backend.SIMULATION
        assert answer.reason == f"{kind}: {client.status()['model']}"
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
        assert "Traceback" not in process.stderr.read()
        client.close_rpc()


def test_a_client_ends_a_program():
    port = free_port()
    command = arguments("tweezers", "--simulation", "-p", str(port))
    with serving(*command, port=port) as process:
        client = Client("127.0.0.1", port, "tweezers")
        client.set_positions(np.array([[20e-6, 0.0], [40e-6, 0.0]]))
        client.terminate()
        client.close_rpc()
        assert process.wait(timeout=30) == 0


def test_a_port_that_is_taken():
    port = free_port()
    command = ("--simulation", "-p", str(port))
    with serving(*arguments("tweezers", *command), port=port):
        code, words = said("dmd", *command)
    assert code == 1
    assert words.startswith(f"aqctl_ccqed_dmd: cannot listen at port {port}: ")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ([], "one of the arguments --driver --simulation is required"),
        (["--driver", "pylon"], "no driver 'pylon' for the dmd; installed are: simu"),
        (["--simulation", "seed"], "settings are NAME=VALUE; got 'seed'"),
        (["--simulation", "x=1"], "driver 'simulation' of the dmd: got an unexpected"),
        (["--simulation", "--driver", "a"], "not allowed with argument"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_sentence(words, answer):
    code, last = said("dmd", *words)
    assert code == 2
    assert answer in last


# A driver of another package ------------------------------------------------------

OWN = """
class Camera:
    def __init__(self, serial, cooled=False):
        self.serial, self.cooled = serial, cooled
"""
ENTRIES = """
[ccqed.camera]
flir = own_cameras:Camera
pylon = own_pylon:Camera [pylon]
"""


@pytest.fixture
def own_package(tmp_path, monkeypatch):
    (tmp_path / "own_cameras.py").write_text(OWN)
    (tmp_path / "own_pylon.py").write_text("import no_such_vendor_library\n")
    about = tmp_path / "own_cameras-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: own-cameras\n")
    (about / "entry_points.txt").write_text(ENTRIES)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("own_cameras", None)


@pytest.mark.usefixtures("own_package")
def test_another_package_adds_a_driver():
    made = program.driver("camera", "flir", {"serial": 12, "cooled": True})
    assert (made.serial, made.cooled) == (12, True)
    with pytest.raises(
        ParameterError, match="installed are: .*flir, .*pylon, simulation"
    ):
        program.driver("camera", "photometrics", {})
    with pytest.raises(ParameterError, match="'flir' of the camera: missing .*serial"):
        program.driver("camera", "flir", {})


@pytest.mark.usefixtures("own_package")
def test_what_a_driver_lacks_is_named_with_what_brings_it():
    message = (
        "^driver 'pylon' of the camera needs the module 'no_such_vendor_library', "
        r"which is not installed: pip install 'own-cameras\[pylon\]'$"
    )
    with pytest.raises(DeviceError, match=message):
        program.driver("camera", "pylon", {})
