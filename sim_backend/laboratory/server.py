"""The simulated laboratory as processes of its own: drivers alone, or the whole twin.

The twin is one plant, and the drivers over it, as targets of one server: atoms, drifts
and what is shown on the DMD outlive a run, as they do in a laboratory.
"""

from __future__ import annotations

import argparse
import pkgutil
from collections.abc import Mapping
from typing import Any, Final

from ccqed_ctrl.controllers.offer import Offer
from ccqed_ctrl.controllers.program import KINDS, listen, run
from ccqed_ctrl.threads import one_thread

from . import LABORATORY
from .fault_panel import FaultPanel
from .plant import Plant, from_truth
from .scenario import TRUTH
from .sessions import Session
from .wiring import OPTIONAL_ROLES, ROLES

#: The twin's port unless another is asked for.
PORT: Final = 3283


class Bench:
    """The plant, found by drivers as under ARTIQ's device manager."""

    def __init__(self, truth: Mapping[str, Any], seed: int) -> None:
        self.truth, self.seed = dict(truth), seed
        self.plant: Plant = from_truth(
            {role: role for role in (*ROLES, *OPTIONAL_ROLES)}, truth, seed
        )

    def get(self, name: str) -> Bench:
        """Return what has the plant as `plant`."""
        del name  # they ask for nothing else
        return self

    def driver(self, kind: str) -> Any:
        """Return a new simulated driver."""
        return pkgutil.resolve_name(LABORATORY.controllers[kind])(self)

    def session(self) -> Offer:
        """Return the plant as one connection sees it."""
        return Offer(Session(self.plant, self.truth, self.seed), Session)


def camera(seed: int = 0) -> Any:
    """Return a simulated camera over a plant of its own."""
    return Bench(TRUTH.resolve({}), seed).driver("camera")


def dmd(seed: int = 0) -> Any:
    """Return a simulated DMD over a plant of its own."""
    return Bench(TRUTH.resolve({}), seed).driver("dmd")


def tweezers(seed: int = 0) -> Any:
    """Return simulated tweezers over a plant of their own."""
    return Bench(TRUTH.resolve({}), seed).driver("tweezers")


def lock(seed: int = 0) -> Any:
    """Return a simulated lock over a plant of its own."""
    return Bench(TRUTH.resolve({}), seed).driver("lock")


def twin() -> int:
    """Run aqctl_ccqed_twin."""
    parser = argparse.ArgumentParser(
        prog="aqctl_ccqed_twin", description="Hold the simulated laboratory."
    )
    parser.add_argument(
        "--twin",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change the twin's truth, as in ccqed run; can be repeated",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of what is random (%(default)d)"
    )

    def serve(options: argparse.Namespace) -> None:
        truth = TRUTH.resolve(TRUTH.parse(options.twin))
        with one_thread():
            offered = targets(Bench(truth, options.seed))
            listen(offered, options, "the simulated laboratory")

    return run(parser, PORT, serve)


def targets(bench: Bench) -> dict[str, Any]:
    """Return what the twin serves: the plant, every driver over it, its faults."""
    drivers = {
        kind: Offer(bench.driver(kind), KINDS[kind].protocol)
        for kind in LABORATORY.controllers
    }
    panel = Offer(FaultPanel(bench.plant), FaultPanel)
    return {"plant": bench.session, "faults": panel, **drivers}
