"""`ccqed faults`: a twin in another process is broken and mended by command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing

import pytest

from ccqed_ctrl import cli
from ccqed_ctrl.errors import DeviceError, ParameterError
from sim_backend.crate.twin import HERE, TwinTarget
from sim_backend.host.commands import FAULTS
from sim_backend.laboratory.faults import Fault
from sim_backend.laboratory.server import PORT
from tests.sockets import free_port, twin

SMALL = ("imaging.pixels=32", "modes.max_order=40", "faults=['pump_dead@shot=2']")
#: Whoever runs the tests in the background has them ignore SIGINT.
COMMAND = """
import signal, sys
from ccqed_ctrl import cli
from sim_backend.host.commands import FAULTS
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(FAULTS.run(cli.parser_of(FAULTS).parse_args()))
"""


@pytest.fixture(scope="module")
def place():
    with twin(*SMALL) as port:
        yield f"[::1]:{port}"


@pytest.fixture
def faults(monkeypatch, place, capsys):
    """Run the command on a twin as it was at its start; returns what it prints."""
    monkeypatch.setenv("CCQED_TWIN", place)

    def run(*words):
        options = cli.parser_of(FAULTS).parse_intermixed_args(words)
        assert FAULTS.run(options) == 0
        return capsys.readouterr().out

    run("clear")
    run("arm", "pump_dead@shot=2")
    return run


def test_what_there_is_and_what_is_armed(faults):
    said = faults()
    assert all(fault in said and fault.meaning in said for fault in Fault)
    assert "next shot: 0, time: 0.000 s" in said
    assert [*row(said, "pump_dead@shot=2")] == ["pump_dead@shot=2", "none yet"]


def row(said, name):
    """Return the cells of the row of a table that begins so."""
    lines = [line.strip("│ ").split("│") for line in said.splitlines()]
    (found,) = [cells for cells in lines if cells[0].strip() == name]
    return [cell.strip() for cell in found]


def test_faults_are_armed_and_cleared(faults):
    said = faults("arm", "dmd_slip@p=0.25", "site_lost@time=0.5")
    assert row(said, "dmd_slip@p=0.25")
    assert row(said, "site_lost@time=0.5")
    said = faults("clear", "dmd_slip", "pump_dead@shot=2")
    assert row(said, "site_lost@time=0.5")
    assert "dmd_slip" not in said
    assert "pump_dead" not in said
    assert "no fault is armed" in faults("clear")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("arm", "dmd_slap@p=1"), "a fault is NAME@shot=N"),
        (("arm",), "which faults"),
        (("clear", "dmd_slip"), "armed are: pump_dead@shot=2"),
        (("show", "dmd_slip@p=1"), "ccqed faults arm dmd_slip@p=1"),
    ],
)
def test_what_it_refuses(faults, words, message):
    with pytest.raises(ParameterError, match=message):
        faults(*words)
    assert row(faults(), "pump_dead@shot=2")


def test_it_watches_until_it_is_interrupted(faults, place):
    watching = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "watch", "--twin", place],
        env=os.environ | {"TERM": "xterm", "FORCE_COLOR": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with watching:
        seen = ""
        faults("arm", "cavity_unlocked@p=0.5")
        while "cavity_unlocked@p=0.5" not in seen:
            seen = watching.stdout.readline()
            assert seen
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 0


def test_without_a_twin_it_says_where_it_looked(faults):
    nowhere = f"[::1]:{free_port()}"
    with pytest.raises(DeviceError, match=f"no twin answers at .*{nowhere[6:]}"):
        faults("--twin", nowhere)


def test_by_default_it_is_the_twin_of_this_machine():
    assert f"[::1]:{PORT}" == HERE


def test_any_client_has_the_panel(place):
    with closing(TwinTarget(place, "faults")) as panel:
        assert {one["fault"] for one in panel.ask("known")} == set(Fault)
        with pytest.raises(ParameterError, match="a fault is"):
            panel.ask("arm", "")
