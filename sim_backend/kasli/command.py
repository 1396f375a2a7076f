"""The command `ccqed kasli`, light: `launch` has what it does."""

from __future__ import annotations

import argparse
import importlib.util
import pkgutil
import sys
from pathlib import Path
from typing import Final

from ccqed_ctrl.cli import Command
from ccqed_ctrl.errors import DeviceError
from sim_backend.host import SITE

#: What the emulator needs, as the extra `kasli` installs it.
_NEEDED: Final = ("unicorn", "elftools", "llvmlite")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "An unmodified ARTIQ finds it where core_addr is 127.0.0.1. Controllers are "
        "served where the device database has them on this computer. Ctrl-C ends all."
    )
    add = parser.add_argument
    add(
        "--device-db",
        type=Path,
        metavar="PATH",
        help="default: the nearest device_db.py above this folder",
    )
    add(
        "--twin",
        action="append",
        default=[],
        metavar="NAME=VALUE|SCENARIO",
        help="change the twin's truth, as in ccqed run; can be repeated",
    )
    add("--seed", type=int, default=0, metavar="N", help="of the plant (%(default)s)")
    add(
        "--bind",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where to listen; only this computer can reach the default %(default)s",
    )
    add(
        "--allow-anyone",
        action="store_true",
        help="let --bind be an address that others reach: ARTIQ's protocol has no "
        "password, and whoever connects runs programs here",
    )


def _start(options: argparse.Namespace) -> int:
    """Serve, without ARTIQ: its stand-in comes before an installed one.

    Raises
    ------
    DeviceError
        The emulator is not installed.
    """
    for name in _NEEDED:
        if importlib.util.find_spec(name) is None:
            raise DeviceError(
                f"the emulated core device needs the module {name!r}, which is not "
                "installed: pip install 'ccqed-ctrl[kasli]'"
            )
    sys.path.insert(0, str(SITE))
    served: int = pkgutil.resolve_name("sim_backend.kasli.launch:serve")(options)
    return served


KASLI = Command(
    "kasli",
    "run a simulated core device that ARTIQ connects to",
    _configure,
    _start,
)
