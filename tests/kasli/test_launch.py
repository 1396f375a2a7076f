"""The command: served here only, known for a simulation, without ARTIQ."""

from __future__ import annotations

import argparse
import importlib.util
import json
import socket

import pytest
from sipyco.pc_rpc import Client

pytest.importorskip("unicorn")
pytest.importorskip("elftools")

from ccqed_ctrl.errors import DeviceError, ParameterError
from sim_backend.kasli import command, launch, server
from tests.kasli.hosts import Host
from tests.kasli.programs import at, kernel
from tests.kasli.serving import kasli, laboratory, own_address


def test_a_process_serves_core_device_and_controllers_over_one_plant(tmp_path):
    address = own_address()
    laboratory(tmp_path, address)
    with kasli(tmp_path, address, "--twin", "dynamics=mean_field") as process:
        host = Host(socket.create_connection((address, server.SESSION)))
        host.send(3)
        assert host.reply() == 2
        assert host.take(4) == b"AROR"
        assert "simulation" in host.text()
        assert host.unpack("B") == 1
        host.finish(kernel(f"{at(10**8)} call void @rtio_output(i32 1024, i32 1)"
                           " ret void"))  # fmt: skip
        camera = Client(address, 3280, "camera")
        assert camera.status()["simulated"] is True
        camera.close_rpc()
        host.close()
        assert process.poll() is None
    told = json.loads((tmp_path / "kasli.json").read_text())
    assert told["artiq"] == []
    assert [word[:4] for word in told["words"]] == [[10**8, 4, 0, 1]]
    assert "connection closed" in told["log"]
    assert process.returncode == 0


WIRED = """
def local(module, name, **arguments):
    return {"type": "local", "module": "artiq.coredevice." + module, "class": name,
            "arguments": arguments}
device_db = {"core": local("core", "Core", host="127.0.0.1", ref_period=1e-9),
             "out": local("ttl", "TTLOut", channel=0),
             "back": local("ttl", "TTLInOut", channel=1)}
from sim_backend.ddb import simulate
simulate(device_db, wires={"out": "back"})
"""


def test_the_wires_of_a_device_database_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("CCQED_BACKEND", "simulation")  # and back afterwards
    (tmp_path / "device_db.py").write_text(WIRED)
    parser = argparse.ArgumentParser()
    command.KASLI.fill(parser)
    path = str(tmp_path / "device_db.py")
    _, manager = launch._laboratory(parser.parse_args(["--device-db", path]))
    assert manager.get("plant").truth["wires"] == {"out": ["back"]}
    wrong = parser.parse_args(["--device-db", path, "--twin", "dynamics=exact"])
    with pytest.raises(ParameterError, match="dynamics"):
        launch._laboratory(wrong)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_this_computer_is_where_it_listens(address):
    assert server.allowed(address, anyone=False) == address


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.70", "kasli.lan", ""])
def test_a_wider_address_needs_a_word(address):
    with pytest.raises(ParameterError, match="no password.*--allow-anyone"):
        server.allowed(address, anyone=False)
    assert server.allowed(address, anyone=True) == address


def test_a_port_that_is_taken_is_named():
    address = own_address()
    first = server.listen(lambda connection: connection.close(), address, 0)
    port = first.getsockname()[1]
    with pytest.raises(DeviceError, match=f"{address} port {port}.*is another running"):
        server.listen(lambda connection: None, address, port)
    first.close()


@pytest.mark.parametrize("missing", ["unicorn", "elftools"])
def test_what_is_not_installed_is_named(monkeypatch, missing):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == missing else found(name, *rest),
    )
    parser = argparse.ArgumentParser()
    command.KASLI.fill(parser)
    sentence = rf"needs the module '{missing}'.*pip install 'ccqed-ctrl\[kasli\]'"
    with pytest.raises(DeviceError, match=sentence):
        command.KASLI.run(parser.parse_args([]))
