"""The programs aqctl_ccqed_camera, _dmd, _tweezers, _lock: a driver behind a port.

Drivers register in the entry-point group `ccqed.camera` (or `.dmd` and so on), by
name, as what makes them; one that needs more than this package names the extra that
brings it: ``pylon = "laboratory.pylon:Camera [pylon]"``.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, NamedTuple

from ccqed_ctrl import cli, pyon
from ccqed_ctrl.errors import CcqedError, DeviceError, ParameterError
from ccqed_ctrl.protocols import Camera, CavityLock, PatternModulator, TweezerArray

from .offer import Offer

#: Name of the driver that `--simulation` asks for.
SIMULATION: Final = "simulation"
#: Where a stand-in for what is not installed registers, as what puts it in place.
STAND_INS: Final = "ccqed.stand_ins"


class Kind(NamedTuple):
    """What one of the programs serves, and its port unless another is asked for."""

    protocol: type
    port: int


KINDS: Final = {
    "camera": Kind(Camera, 3280),
    "dmd": Kind(PatternModulator, 3281),
    "tweezers": Kind(TweezerArray, 3282),
    "lock": Kind(CavityLock, 3284),
}


def camera() -> int:
    """Run aqctl_ccqed_camera."""
    return _program("camera")


def dmd() -> int:
    """Run aqctl_ccqed_dmd."""
    return _program("dmd")


def tweezers() -> int:
    """Run aqctl_ccqed_tweezers."""
    return _program("tweezers")


def lock() -> int:
    """Run aqctl_ccqed_lock."""
    return _program("lock")


def sipyco(reference: str) -> Any:
    """Return what sipyco has under a name: the installed one, else a stand-in."""
    if importlib.util.find_spec("sipyco") is None:
        for found in entry_points(group=STAND_INS, name="sipyco"):
            found.load()()
    return pkgutil.resolve_name(reference)


def run(
    parser: argparse.ArgumentParser,
    port: int,
    serve: Callable[[argparse.Namespace], None],
    arguments: Sequence[str] | None = None,
) -> int:
    """Parse a server's arguments, serve, and return the exit code of `ending.Ending`.

    Bound is localhost, and what `--bind` adds.
    """
    common = sipyco("sipyco.common_args")
    common.simple_network_args(parser, port)
    common.verbosity_args(parser)
    options = parser.parse_args(arguments)
    common.init_logger_from_args(options)
    try:
        serve(options)
    except CcqedError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return cli.exit_code(error)
    return 0


def listen(
    targets: Mapping[str, Any], options: argparse.Namespace, description: str
) -> None:
    """Serve targets until Ctrl-C, SIGTERM or a client ends it.

    Raises
    ------
    DeviceError
        The address cannot be had.
    """
    hosts = sipyco("sipyco.common_args:bind_address_from_args")(options)
    loop = sipyco("sipyco.pc_rpc:simple_server_loop")
    try:
        loop(dict(targets), hosts, options.port, description)
    except OSError as error:
        message = f"cannot listen at port {options.port}: {error}; is another running?"
        raise DeviceError(message) from error


def driver(kind: str, name: str, settings: Mapping[str, Any]) -> Any:
    """Return a new driver of a registered name.

    Raises
    ------
    ParameterError
        No such name, or settings that it does not have.
    DeviceError
        What it needs is not installed.
    """
    found = {point.name: point for point in entry_points(group=f"ccqed.{kind}")}
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise ParameterError(
            f"no driver {name!r} for the {kind}; installed are: {known}; one is added "
            f"by the entry-point group ccqed.{kind}"
        )
    make = _load(kind, found[name])
    try:
        inspect.signature(make).bind(**settings)
    except TypeError as error:
        raise ParameterError(f"driver {name!r} of the {kind}: {error}") from error
    return make(**settings)


def _load(kind: str, point: EntryPoint) -> Callable[..., Any]:
    try:
        made: Callable[..., Any] = point.load()
    except ModuleNotFoundError as error:
        package = point.dist.name if point.dist else kind
        extras = f"[{','.join(point.extras)}]" if point.extras else ""
        raise DeviceError(
            f"driver {point.name!r} of the {kind} needs the module {error.name!r}, "
            f"which is not installed: pip install '{package}{extras}'"
        ) from error
    return made


def _program(kind: str) -> int:
    protocol, port = KINDS[kind]
    parser = argparse.ArgumentParser(
        prog=f"aqctl_ccqed_{kind}", description=f"Serve the {kind} to ARTIQ."
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--driver", metavar="NAME", help="the driver, by name")
    which.add_argument(
        "--simulation",
        dest="driver",
        action="store_const",
        const=SIMULATION,
        help="serve a simulated one",
    )
    parser.add_argument(
        "settings", nargs="*", metavar="NAME=VALUE", help="what the driver is told"
    )

    def serve(options: argparse.Namespace) -> None:
        made = driver(kind, options.driver, _settings(options.settings))
        try:
            model = str(made.status()["model"])
            listen({kind: Offer(made, protocol)}, options, model)
        finally:
            made.close()

    return run(parser, port, serve)


def _settings(texts: Sequence[str]) -> dict[str, Any]:
    settings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise ParameterError(f"settings are NAME=VALUE; got {text!r}")
        settings[name] = pyon.read(value)
    return settings
