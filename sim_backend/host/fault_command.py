"""What `ccqed faults` does: a twin that runs is broken, and mended."""

from __future__ import annotations

import argparse
import os
import time
from contextlib import closing, suppress
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.text import Text

from ccqed_ctrl import tables
from ccqed_ctrl.errors import ParameterError
from sim_backend.crate.twin import HERE, TwinTarget
from sim_backend.ddb import TWIN

#: From one look at the twin to the next, s.
PERIOD = 0.5


def execute(options: argparse.Namespace) -> int:
    """Show, watch, arm or clear.

    Raises
    ------
    DeviceError
        No twin answers.
    ParameterError
        Faults that there are not, or none that are to be armed.
    """
    place = options.twin or os.environ.get(TWIN) or HERE
    screen = tables.console()
    with closing(TwinTarget(place, "faults")) as panel:
        if options.action == "arm":
            _arm(panel, options.faults)
        elif options.action == "clear":
            for fault in options.faults or [""]:
                panel.ask("clear", fault)
        elif options.faults:
            raise ParameterError(
                f"`ccqed faults {options.action}` takes no faults; did you mean: ccqed "
                f"faults arm {' '.join(options.faults)}?"
            )
        elif options.action == "watch":
            with suppress(KeyboardInterrupt):
                _watch(panel, screen)
            return 0
        else:
            screen.print(_known(panel))
        screen.print(_armed(panel))
    return 0


def _arm(panel: TwinTarget, faults: list[str]) -> None:
    if not faults:
        raise ParameterError("which faults? For instance dropped_frame@time=0")
    for fault in faults:
        panel.ask("arm", fault)


def _watch(panel: TwinTarget, screen: Any) -> None:
    """Show what is armed, again and again, until Ctrl-C."""
    with Live(console=screen, auto_refresh=False) as live:
        while True:
            live.update(_armed(panel), refresh=True)
            time.sleep(PERIOD)


def _known(panel: TwinTarget) -> tables.Fitted:
    columns = [tables.Column(title) for title in ("fault", "where")]
    columns.append(tables.Column("what happens", wraps=True))
    return tables.Fitted(
        columns,
        [[one["fault"], one["where"], one["meaning"]] for one in panel.ask("known")],
    )


def _armed(panel: TwinTarget) -> Group:
    """Return what is armed, below where the twin is."""
    found = panel.ask("armed")
    faults = found["faults"]
    place = Text(f"next shot: {found['shot']}, time: {found['time']:.3f} s")
    if not faults:
        return Group(place, Text("no fault is armed"))
    columns = [tables.Column("armed"), tables.Column("struck in shot")]
    rows = [
        [one["fault"], str(one["struck"]) if one["struck"] >= 0 else "none yet"]
        for one in faults
    ]
    return Group(place, tables.Fitted(columns, rows))
