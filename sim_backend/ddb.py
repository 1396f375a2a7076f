"""Turn a laboratory's device database into that of its twin: the one seam.

Keys and constructor arguments stay; classes change. Nothing is faked silently: a device
without a twin is refused by name when it is asked for, and two cards on one channel at
once where a plant would act on what either does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ccqed_ctrl.errors import DeviceError

from .crate import catalogue
from .crate.board import Board
from .crate.link import RECORDING, Link
from .crate.plant import Laboratory, laboratory, resolve
from .crate.twin import address

#: Programs that talk to the core device itself; the twin has nothing for them.
CORE_PROGRAMS = frozenset(
    {"aqctl_corelog", "aqctl_moninj_proxy", "aqctl_coreanalyzer_proxy"}
)

#: Key of the device that is added.
PLANT = "plant"

#: Environment variable: HOST:PORT of the process that holds the plant, if one does.
TWIN = "CCQED_TWIN"


def simulate(
    device_db: dict[str, Any],
    plant: str = RECORDING,
    *,
    wires: Mapping[str, str | Sequence[str]] | None = None,
    inputs: Mapping[str, Sequence[tuple[int, float]]] | None = None,
) -> dict[str, Any]:
    """Rewrite a device database in place for simulation, and return it.

    Drivers of `artiq.coredevice` become simulated ones; the programs of the core device
    are dropped; network controllers become the stand-ins that the plant's laboratory
    names, or those of the process that `CCQED_TWIN` names, which then holds the plant.
    A laboratory's own drivers stay as they are. What has no twin is refused when
    it is asked for. The device `plant` is added. A second call changes nothing.

    Parameters
    ----------
    device_db
        As ARTIQ reads it.
    plant
        Module whose `LABORATORY` says what stands behind the wires
        (`sim_backend.crate.plant.Laboratory`); by default a plant that only remembers.
    wires, inputs
        Of that plant (`sim_backend.crate.recording.RecordingPlant`): output to input,
        and (time_mu, value) steps by input.

    Raises
    ------
    DeviceError
        `plant` is no laboratory, a role of it is played by nobody, a wire or script
        names no device, or the name `plant` is taken; two cards are on one RTIO channel
        (one that only remembers does without the second: ARTIQ's own testers share
        channels). The database is then left as it was.
    """
    if is_simulated(device_db):
        return device_db
    if PLANT in device_db:
        message = (
            f"the twin needs the name {PLANT!r}, which is a device of this database"
        )
        raise DeviceError(message)
    found = laboratory(plant)
    # Nobody asks a run under ARTIQ for the events it is through with.
    arguments: dict[str, Any] = {
        "module": plant, "wiring": found.wiring(device_db), "history": False,
    }  # fmt: skip
    if wires or inputs:
        if plant != RECORDING:
            raise DeviceError(f"{plant} drives its own inputs: no wires, no scripts")
        arguments["truth"] = {
            "wires": {
                _wired(device_db, output): [
                    _wired(device_db, name)
                    for name in ([driven] if isinstance(driven, str) else driven)
                ]
                for output, driven in (wires or {}).items()
            },
            "inputs": {
                _wired(device_db, n): list(s) for n, s in (inputs or {}).items()
            },
        }
    board = Board(device_db, Link(None, {}))
    if board.clashes and plant != RECORDING:
        raise DeviceError("; ".join(board.clashes))
    refused = {key: str(error) for key, error in board.refusals.items()}
    if twin := os.environ.get(TWIN, ""):
        arguments["twin"] = twin
    changed = {
        key: entry
        if isinstance(entry, str)
        else _twin(key, entry, found, refused, twin)
        for key, entry in device_db.items()
        if not _is_core_program(entry)
    }
    changed[PLANT] = _local("sim_backend.crate.link", "Link", **arguments)
    device_db.clear()
    device_db.update(changed)
    return device_db


def is_simulated(device_db: Mapping[str, Any]) -> bool:
    """Return whether a device database is that of a twin."""
    entry = device_db.get(PLANT)
    return (
        isinstance(entry, Mapping) and entry.get("module") == "sim_backend.crate.link"
    )


def _wired(device_db: Mapping[str, Any], name: str) -> str:
    """Return the name of a device, or ``device.signal``, with aliases followed."""
    device, dot, signal = name.partition(".")
    if device not in device_db:
        raise DeviceError(
            f"wires and inputs name {device!r}, which is no device of this database"
        )
    return resolve(device_db, device) + dot + signal


def _local(module: str, name: str, /, **arguments: Any) -> dict[str, Any]:
    return {"type": "local", "module": module, "class": name, "arguments": arguments}


def _twin(
    key: str,
    entry: dict[str, Any],
    found: Laboratory,
    refused: Mapping[str, str],
    twin: str,
) -> dict[str, Any]:
    """Return the simulated form of one entry."""
    if entry.get("type") == "controller":
        return _stand_in(key, entry, found, twin)
    kind = catalogue.kind(entry)
    if not kind:
        return entry
    module, _, name = kind.rpartition(".")
    if name not in catalogue.SIMULATED.get(module, ()):
        reason = (
            f"device {key!r} is a {catalogue.REAL}{kind}, which is not simulated; "
            f"simulated are {catalogue.known()}"
        )
        return _refused(reason)
    if key in refused:
        return _refused(refused[key])
    return entry | {"module": catalogue.TWIN + module}


def _stand_in(
    key: str, entry: dict[str, Any], found: Laboratory, twin: str
) -> dict[str, Any]:
    if key not in found.controllers:
        there = ", ".join(sorted(found.controllers)) or "none"
        reason = f"controller {key!r} has no simulated stand-in; there are {there}"
        return _refused(reason)
    # Kept, so that the embedded host knows it for a program of its own.
    stands_for = {"stands_for": entry}
    if twin:
        host, port = address(twin)
        place = {"type": "controller", "host": host, "port": port, "target_name": key}
        return place | stands_for
    module, _, name = found.controllers[key].partition(":")
    return _local(module, name) | stands_for


def _refused(reason: str) -> dict[str, Any]:
    return _local("sim_backend.crate.refusal", "Refused", reason=reason)


def _is_core_program(entry: Any) -> bool:
    words = "" if isinstance(entry, str) else entry.get("command", "")
    return words.split(" ")[0] in CORE_PROGRAMS
