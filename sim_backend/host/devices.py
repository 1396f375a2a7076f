"""Devices by name: the simulated device database, and drivers made from it."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from artiq.master.worker_db import DeviceError as ArtiqDeviceError
from artiq.master.worker_db import DummyDevice
from artiq.tools import file_import
from sipyco import pc_rpc
from sipyco.sync_struct import Notifier

from ccqed_ctrl.errors import DeviceError, ExperimentError
from sim_backend.crate.plant import NO_TRUTH, Truth, laboratory
from sim_backend.ddb import PLANT as PLANT
from sim_backend.ddb import simulate

from . import network

logger = logging.getLogger(__name__)


class DeviceUnavailableError(DeviceError, ArtiqDeviceError, KeyError):
    """A device has no description, or its driver cannot be created."""

    __str__ = Exception.__str__  # KeyError shows its message in quotes


def find_device_db(experiment: Path) -> Path | None:
    """Return the nearest device_db.py: above the experiment, else in the cwd."""
    folders = [*experiment.resolve().parents, Path.cwd()]
    candidates = (folder / "device_db.py" for folder in folders)
    return next((path for path in candidates if path.is_file()), None)


def load_device_db(path: Path | None) -> dict[str, Any]:
    """Return the device database of the twin; without a file, an empty one.

    Raises
    ------
    ExperimentError
        The file is missing, fails to run, or defines no dictionary `device_db` of
        which a twin can be made.
    """
    # The one seam: the file itself swaps the laboratory for the twin.
    os.environ["CCQED_BACKEND"] = "simulation"
    if path is None:
        return {}
    if not path.is_file():
        raise ExperimentError(f"no device database {path}")
    try:
        device_db = file_import(path).device_db
    except Exception as error:  # whatever an operator's file may raise
        message = f"device database {path} fails: {type(error).__name__}: {error}"
        raise ExperimentError(message) from error
    if not isinstance(device_db, dict):
        raise ExperimentError(f"device_db in {path} must be a dictionary")
    if not device_db:
        return device_db
    try:
        # Changes nothing where the file has done it; else a plant that remembers.
        simulated = simulate(device_db)
    except DeviceError as error:
        raise ExperimentError(f"{path} has no twin: {error}") from error
    # Testers ask what the wires did; a run says itself whether that is kept.
    simulated[PLANT]["arguments"]["history"] = True
    return simulated


def plant_options(device_db: Mapping[str, Any]) -> Truth:
    """Return the options of the plant that a simulated device database names.

    Raises
    ------
    DeviceError
        It names no laboratory.
    """
    if PLANT not in device_db:
        return NO_TRUTH
    return laboratory(device_db[PLANT]["arguments"]["module"]).options


def driver_classes(device_db: Mapping[str, Any]) -> dict[str, str]:
    """Return the driver class of every local device, by name and by alias."""
    classes = {}
    for name in device_db:
        entry, hops = device_db[name], 0
        while isinstance(entry, str) and hops < len(device_db):
            entry, hops = device_db.get(entry, {}), hops + 1
        if isinstance(entry, Mapping) and entry.get("type") == "local":
            classes[name] = f"{entry['module']}.{entry['class']}"
    return classes


class DeviceDB:
    """Descriptions of devices by name, in the manner of ARTIQ's class of this name."""

    def __init__(self, device_db: dict[str, Any]) -> None:
        self.data = Notifier(device_db)

    def get_device_db(self) -> dict[str, Any]:
        """Return all descriptions."""
        found: dict[str, Any] = self.data.raw_view
        return found

    def get(self, key: str, resolve_alias: bool = False) -> Any:
        """Return the description of a device; that of an alias is a name.

        Raises
        ------
        DeviceUnavailableError
            No such device, or aliases that go in a circle.
        """
        device_db, seen = self.get_device_db(), [key]
        while seen[-1] in device_db:
            description = device_db[seen[-1]]
            if not (resolve_alias and isinstance(description, str)):
                return description
            if description in seen:
                circle = " -> ".join([*seen, description])
                raise DeviceUnavailableError(f"aliases go in a circle: {circle}")
            seen.append(description)
        chain = f" (by way of {' -> '.join(seen)})" if len(seen) > 1 else ""
        known = f"{len(device_db)} devices" if device_db else "no devices"
        raise DeviceUnavailableError(
            f"device {key!r} is not in the device database, which has {known}{chain}"
        )


class DeviceManager:
    """Makes drivers on request and closes them in reverse order.

    `ddb` may also be a laboratory's own with the methods of `DeviceDB`.
    `devarg_override` maps device names to constructor arguments that replace those of
    the device database.
    """

    def __init__(
        self,
        ddb: DeviceDB,
        virtual_devices: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.ddb = ddb
        self.virtual_devices = virtual_devices
        self.devarg_override: dict[str, dict[str, Any]] = {}
        self.active_devices: list[tuple[dict[str, Any], Any]] = []

    def get_device_db(self) -> dict[str, Any]:
        """Return the device database."""
        return self.ddb.get_device_db()

    def get_desc(self, name: str) -> Any:
        """Return the description of a device, aliases followed; KeyError without."""
        return self.ddb.get(name, resolve_alias=True)

    def get(self, name: str) -> Any:
        """Return the driver of a device; equal descriptions share one driver.

        Raises
        ------
        DeviceUnavailableError
            Naming the device: no description, or the driver cannot be created.
        """
        if name in self.virtual_devices:
            return self.virtual_devices[name]
        try:
            description = self.get_desc(name)
        except DeviceUnavailableError:
            raise
        except Exception as error:  # of a device database that is not ours
            message = f"device {name!r} has no description: {error!r}"
            raise DeviceUnavailableError(message) from error
        for known, device in self.active_devices:
            if known == description:
                return device
        try:
            device = self._create(name, description)
        except Exception as error:  # whatever a driver's constructor may raise
            reason = f"{type(error).__name__}: {error}"
            message = f"device {name!r} cannot be created: {reason}"
            raise DeviceUnavailableError(message) from error
        self.active_devices.append((description, device))
        return device

    def active(self, name: str) -> Any:
        """Return the driver of a device if it has been made, else None."""
        if name not in self.get_device_db():
            return None
        description = self.get_desc(name)
        made = (device for known, device in self.active_devices if known == description)
        return next(made, None)

    def notify_run_end(self) -> None:
        """Tell every driver that wants to know that `run` is over."""
        for _, device in self.active_devices:
            if hasattr(device, "notify_run_end"):
                device.notify_run_end()

    def close_devices(self) -> None:
        """Close all drivers, the last made first; failures are logged."""
        for _, device in reversed(self.active_devices):
            try:
                close = getattr(device, "close_rpc", getattr(device, "close", None))
                if close is not None:
                    close()
            except Exception:  # the others must be closed all the same
                logger.exception("closing %r failed", device)
        self.active_devices.clear()

    def _create(self, name: str, description: dict[str, Any]) -> Any:
        kind = description["type"]
        if kind == "dummy":
            return DummyDevice()
        if kind == "controller" and "stands_for" in description:
            place = [description[key] for key in ("host", "port", "target_name")]
            return pc_rpc.Client(*place)
        if kind != "local":
            # No network client but of a twin: it must not reach a laboratory.
            message = f"type {kind!r} has no simulated counterpart in this database"
            raise DeviceError(message)
        module = importlib.import_module(description["module"])
        overrides = self.devarg_override.get(name, {})
        arguments = description.get("arguments", {}) | overrides
        driver = getattr(module, description["class"])(self, **arguments)
        return network.Client(name, driver) if "stands_for" in description else driver
