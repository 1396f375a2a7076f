"""Hardware or simulation: what a run's devices are, asked of the devices themselves.

Neither the device database nor the environment is asked: what counts is whose code
drives, and what answers at its other end. A run is one of hardware only if each of its
devices is that beyond doubt.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlparse
from urllib.request import url2pathname

#: What a run can be. Doubtful: unknown, or contradictory.
HARDWARE, SIMULATION, DOUBTFUL = "hardware", "simulation", "doubtful"
#: Of one device: it does not say what it is.
_SILENT: Final = "silent"
#: Whose drivers are whose, by the start of their module's name.
_OURS, _ARTIQS = "sim_backend.", "artiq.coredevice."
#: What holds our belief drives nothing.
_NO_DEVICE: Final = "ccqed_ctrl.belief"


@dataclass(frozen=True)
class Answer:
    """What devices are, and what they said that tells."""

    backend: str
    reason: str


def ask(devices: Mapping[str, Any]) -> Answer:
    """Return what devices, by name, are.

    Hardware where all are; simulation where some are, and the others are silent.
    """
    cores: dict[int, Answer] = {}
    words = {
        name: _word(device, cores)
        for name, device in devices.items()
        if type(device).__module__ != _NO_DEVICE
    }
    said = {word.backend for word in words.values()}
    agreed = said - {_SILENT} if SIMULATION in said else said
    reason = "; ".join(f"{name}: {word.reason}" for name, word in words.items()
                       if word.reason)  # fmt: skip
    known = len(agreed) == 1 and agreed < {HARDWARE, SIMULATION}
    return Answer(
        agreed.pop() if known else DOUBTFUL, reason if words else "no devices"
    )


def devices_of(manager: Any) -> dict[str, Any]:
    """Return the devices that a device manager has made, by name."""
    made = getattr(manager, "active_devices", ())
    entries = manager.get_device_db().items() if made else ()
    names = {repr(entry): name for name, entry in entries}
    return {
        names.get(repr(entry), f"device {number}"): device
        for number, (entry, device) in enumerate(made)
    }


def _word(device: Any, cores: dict[int, Answer]) -> Answer:
    """Return what one device says of itself; `cores` have been asked already."""
    module = type(device).__module__
    if module.startswith(_OURS):
        return Answer(SIMULATION, "")
    if not module.startswith(_ARTIQS):
        return _status(device)
    if altered := next(_altered(device), ""):
        return Answer(DOUBTFUL, f"not ARTIQ's own driver: {altered}")
    if hasattr(device, "comm"):
        return _asked(device, cores)
    # A card is what its core device is: the same driver moves a simulated one.
    core = getattr(device, "core", None)
    known = type(core).__module__.startswith(_ARTIQS) and hasattr(core, "comm")
    return Answer(_asked(core, cores).backend if known else HARDWARE, "")


def _asked(core: Any, cores: dict[int, Answer]) -> Answer:
    """Return what a core device is, which is asked once."""
    if id(core) not in cores:
        cores[id(core)] = _answering(core.comm)
    return cores[id(core)]


def _status(device: Any) -> Answer:
    """Ask a network controller, or another driver that is not ARTIQ's."""
    try:
        status = device.status()
        model = str(status.get("model", ""))
        simulated = status.get("simulated", "simulat" in model.lower())
    except Exception as error:  # whatever comes over the network, or no such method
        reason = f"its status() does not tell what it is ({error!r:.80})"
        return Answer(_SILENT, reason)
    return Answer(SIMULATION if simulated else HARDWARE, model)


def _answering(comm: Any) -> Answer:
    """Ask what is at the other end of a core device's connection."""
    if altered := next(_altered(comm), ""):
        return Answer(DOUBTFUL, f"not ARTIQ's own connection: {altered}")
    if not hasattr(comm, "host"):
        return Answer(DOUBTFUL, f"{type(comm).__name__}: kernels go nowhere")
    heard: list[str] = []
    read = comm._read_string

    def listen() -> str:
        heard.append(read())
        return heard[-1]

    comm._read_string = listen  # ARTIQ hears the name, and tells nobody
    try:
        comm.check_system_info()
    except Exception as error:  # whatever comes over the network
        return Answer(DOUBTFUL, f"{comm.host} is no core device: {error!r:.80}")
    finally:
        del comm._read_string
    called = " ".join(heard)
    emulated = "simulat" in called.lower() or "emulat" in called.lower()
    return Answer(SIMULATION if emulated else HARDWARE, f"{called} at {comm.host}")


def _altered(device: Any) -> Iterator[str]:
    """Yield what of an object is not as the installed ARTIQ has it."""
    kind: Any = type(device)  # mypy takes a class for unhashable
    yield from _foreign(kind)
    for name, value in vars(device).items():
        if callable(value) and hasattr(type(device), name):
            yield f"{name} has been replaced"


@cache
def _foreign(kind: type) -> tuple[str, ...]:
    """Return what of a class does not come from the files of the installed ARTIQ."""
    home = _home()
    if home is None:
        return ("no ARTIQ is installed",)
    module = sys.modules.get(kind.__module__)
    if not _inside(getattr(module, "__file__", None), home):
        return (f"module {kind.__module__} is not of {home}",)
    return tuple(
        f"{name} is defined in {function.__code__.co_filename}"
        for base in kind.__mro__
        for name, value in vars(base).items()
        if inspect.isfunction(function := inspect.unwrap(value))
        and not _inside(function.__code__.co_filename, home)
    )


@cache
def _home() -> Path | None:
    """Return the folder of the installed ARTIQ, which a stand-in is not."""
    try:
        artiq = importlib.metadata.distribution("artiq")
    except importlib.metadata.PackageNotFoundError:
        return None
    origin = json.loads(artiq.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        return Path(url2pathname(urlparse(origin["url"]).path), "artiq").resolve()
    return Path(str(artiq.locate_file("artiq"))).resolve()


def _inside(file: str | None, home: Path) -> bool:
    return file is not None and Path(file).resolve().is_relative_to(home)
