"""ARTIQ's controller manager starts the controllers of our device database."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from sipyco.pc_rpc import Client

from ccqed_ctrl.controllers.program import KINDS
from sim_backend.host import is_embedded
from tests.sockets import free_port

from .conftest import ROOT
from .masters import Master, complaints, wait_for

pytestmark = [
    pytest.mark.artiq,
    pytest.mark.slow,
    pytest.mark.skipif(
        is_embedded("artiq"), reason="no real ARTIQ in this interpreter"
    ),
    pytest.mark.skipif(
        importlib.util.find_spec("artiq_comtools") is None,
        reason="no artiq_comtools in this interpreter",
    ),
]

#: Ours, as it is for hardware, at other ports; without the core device's own programs.
DATABASE = """
import os, runpy
os.environ["CCQED_BACKEND"] = ""
device_db = {{
    name: entry
    for name, entry in runpy.run_path({path!r})["device_db"].items()
    if not name.startswith("core_")
}}
for name, port in {ports!r}.items():
    entry = device_db[name]
    entry |= {{"port": port, "command": entry["command"] + " --simulation"}}
    entry["retry_timer"] = 0.5
"""


@contextmanager
def managed(folder, device_db):
    """Run a master and a controller manager; give the manager's process and log."""
    master = Master(folder, device_db=device_db)
    command = [
        sys.executable, "-m", "artiq_comtools.artiq_ctlmgr", "-v",
        "-s", "127.0.0.1", "--host-filter", "::1",
        "--port-notify", str(master.ports["notify"]),
        "--port-logging", str(master.ports["logging"]),
        "--port-control", str(free_port()),
    ]  # fmt: skip
    places = (str(Path(sys.executable).parent), os.environ["PATH"])
    environment = os.environ | {"PATH": os.pathsep.join(places)}
    file = folder / "manager.log"
    try:
        with file.open("w") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield process, file.read_text
        finally:
            if process.poll() is None:
                process.terminate()  # it ends its controllers
            process.wait(timeout=120)
    finally:
        master.close()


def answer(port, method):
    """Return what a controller says; None while nobody listens."""
    try:
        client = Client("::1", port)
    except OSError:
        return None
    try:
        return getattr(client, method)()
    finally:
        client.close_rpc()


def test_the_manager_starts_all_controllers_again_and_again_and_ends_them(tmp_path):
    ports = {kind: free_port() for kind in KINDS}
    (tmp_path / "repository").mkdir()  # empty
    device_db = tmp_path / "device_db.py"
    device_db.write_text(DATABASE.format(path=str(ROOT / "device_db.py"), ports=ports))
    with managed(tmp_path, device_db) as (manager, log):
        for kind, port in ports.items():
            wait_for(lambda port=port: answer(port, "ping") is True, log)
            assert answer(port, "status")["simulated"] is True
            assert f"Starting controller {kind} with command: aqctl_ccqed_" in log()
        assert not complaints(log())
        # One that ends is started again, new.
        client = Client("::1", ports["tweezers"])
        client.set_positions([[1e-5, 0.0]])
        client.terminate()
        client.close_rpc()

        def anew():
            found = answer(ports["tweezers"], "status")
            return found is not None and found["sites"] == 0

        wait_for(anew, log)
        assert "Controller tweezers exited" in log()
        manager.send_signal(signal.SIGTERM)
        assert manager.wait(timeout=120) == 0
        for kind, port in ports.items():
            assert f"Controller {kind} terminated" in log()
            assert answer(port, "ping") is None
