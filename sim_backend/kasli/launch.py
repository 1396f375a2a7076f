"""What `ccqed kasli` does: a core device and its laboratory, until somebody ends it."""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from sipyco.pc_rpc import Server

from ccqed_ctrl.errors import DeviceError, ExperimentError, ParameterError
from ccqed_ctrl.threads import one_thread
from sim_backend.crate.board import Board
from sim_backend.host import devices

from . import analyzer, controllers, management, monitor, server
from .device import Device

logger = logging.getLogger(__name__)


def serve(options: argparse.Namespace) -> int:
    """Serve a core device, and the controllers that are on this computer.

    Raises
    ------
    ExperimentError
        There is no device database, or none that can be simulated.
    ParameterError
        An address that others reach, without the word that allows it.
    DeviceError
        An address that cannot be had.
    """
    address = server.allowed(options.bind, anyone=options.allow_anyone)
    lock = threading.RLock()
    device_db, manager = _laboratory(options)
    device = Device(_board(device_db, manager, lock), _version())
    ports = {
        server.SESSION: device.accept,
        management.PORT: management.Management(device).accept,
        analyzer.PORT: analyzer.Analyzer(device.board.rtio).accept,
        monitor.PORT: monitor.Monitor(device.board.rtio, device.log).accept,
    }
    listening = []
    try:
        for port, accept in ports.items():
            listening.append(server.listen(accept, address, port))
        with one_thread():
            asyncio.run(_serve(device_db, manager, lock, options, address))
    finally:
        for one in listening:
            one.close()
        device.close()
        manager.close_devices()
    return 0


def _laboratory(options: argparse.Namespace) -> tuple[dict[str, Any], Any]:
    """Return the twin's device database, and a manager of its devices."""
    path = options.device_db or devices.find_device_db(Path.cwd() / "here")
    if path is None:
        raise ExperimentError("there is no device_db.py in this folder or above it")
    device_db = devices.load_device_db(path)
    manager = devices.DeviceManager(devices.DeviceDB(device_db))
    plant: dict[str, Any] = device_db[devices.PLANT]["arguments"] | {"history": False}
    if "twin" not in plant:
        plant["seed"] = options.seed
        if options.twin or "truth" not in plant:  # wires and scripts are truth, too
            truth = devices.plant_options(device_db)
            plant["truth"] = truth.resolve(truth.parse(options.twin))
    elif options.twin:
        raise ParameterError(
            "CCQED_TWIN names a twin with a truth of its own; give --twin to "
            "aqctl_ccqed_twin instead"
        )
    manager.devarg_override = {devices.PLANT: plant}
    return device_db, manager


def _board(device_db: dict[str, Any], manager: Any, lock: threading.RLock) -> Board:
    """Return the cards; the plant is theirs and the controllers', by turns."""
    if "core" not in device_db:
        raise ExperimentError("the device database has no device 'core'")
    arguments = device_db["core"].get("arguments", {})
    known = {
        k: v for k, v in arguments.items() if k in ("ref_period", "ref_multiplier")
    }
    board = Board(
        device_db, controllers.Locked(manager.get(devices.PLANT), lock), **known
    )
    board.rtio.stalls = board.link.stalls()
    for key, refusal in board.refusals.items():
        logger.warning("%s: %s", key, refusal)
    return board


def _version() -> str:
    """Return that of the installed ARTIQ, which is not imported."""
    try:
        return importlib.metadata.version("artiq")
    except importlib.metadata.PackageNotFoundError:
        return "9.0"


async def _serve(
    device_db: dict[str, Any], manager: Any, lock: threading.RLock,
    options: argparse.Namespace, address: str,
) -> None:  # fmt: skip
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    servers = []
    try:
        for key, (host, port, driver) in controllers.drivers(
            device_db, manager, lock
        ).items():
            try:
                server.allowed(host, anyone=options.allow_anyone)
            except ParameterError:
                logger.warning("%s is at %s, not here: it is not served", key, host)
                continue
            one = Server({key: driver}, f"the simulated {key}")
            try:
                await one.start(host, port)
            except OSError as error:
                raise DeviceError(
                    f"{key} cannot listen at {host} port {port}: {error}; is another "
                    "running?"
                ) from error
            servers.append(one)
        sys.stdout.write(f"simulated core device ready at {address}\n")
        sys.stdout.flush()
        await ended.wait()
    finally:
        for one in servers:
            await one.stop()
