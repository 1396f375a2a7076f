"""The core device's driver: runs kernels in Python on the simulated RTIO bus."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any

import numpy as np
from artiq.language import core as language
from artiq.language.core import at_mu, kernel, now_mu, portable, set_time_manager

from ccqed_ctrl.errors import DeviceError, ExperimentError

from ..board import Board
from ..boundary import arguments, received
from ..crossing import Ended, crossed
from ..frozen import Frozen
from ..interpreter import Interpreter
from ..slack import CostModel, Slack

#: Margin of `reset` and `break_realtime` ahead of the counter, in mu.
REALTIME_MARGIN = 125_000


class Core:
    """Core device that interprets kernels; arguments as `artiq.coredevice.core.Core`.

    A kernel starts `CostModel.kernel_start` after its caller. When the outermost
    kernel ends the host waits until everything it queued has been played, so that
    controllers are asked after the fact; on hardware the host gets there seconds later.
    """

    def __init__(
        self,
        dmgr: Any,
        host: str | None,  # noqa: ARG002
        ref_period: float,
        analyzer_proxy: str | None = None,
        analyze_at_run_end: bool = False,
        ref_multiplier: int = 8,
        target: str = "rv32g",  # noqa: ARG002
        satellite_cpu_targets: dict[int, str] = {},  # noqa: B006
        report_invariants: bool = False,
    ) -> None:
        self.dmgr = dmgr
        self.core = self
        self.ref_period = ref_period
        self.ref_multiplier = ref_multiplier
        self.coarse_ref_period = ref_period * ref_multiplier
        self.satellite_cpu_targets = satellite_cpu_targets
        self.analyzer_proxy_name = analyzer_proxy
        self.analyze_at_run_end = analyze_at_run_end
        self.report_invariants = report_invariants
        self.target_cls = None
        self.comm = _Connection()
        link = dmgr.get("plant")
        self.board = Board(dmgr.get_device_db(), link, ref_period, ref_multiplier)
        self.rtio, self.cursor = self.board.rtio, self.board.cursor
        self._interpreter = Interpreter(self)
        self._frozen: Frozen | None = None
        self._depth = 0

    def run(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Run a kernel, outermost or called by another.

        Raises
        ------
        ExperimentError
            Arguments, or something that it calls, that ARTIQ's compiler refuses.
        """
        kernel_body = self._interpreter.body(function)
        if self._depth:
            return kernel_body(*args, **kwargs)
        known = self._interpreter.signature(function.artiq_embedded.function)
        args, kwargs = arguments(function.__qualname__, known, args, kwargs)
        outer = sys.exception()
        self._begin(function)
        self._depth += 1
        try:
            result = kernel_body(*args, **kwargs)
        except Ended as end:
            raise end.error from None
        except KeyboardInterrupt:
            self.rtio.drop()
            raise
        except Exception as error:
            seen = crossed(error, outer)
            if seen is error:
                raise
            raise seen from seen.__cause__
        finally:
            try:
                self._finish()
            finally:
                self._depth -= 1
        return received(result, known.returns)

    @property
    def running(self) -> int:
        """Number of the kernel that runs, 0 between kernels."""
        return self.board.kernels if self._depth else 0

    def provenance(self) -> dict[str, Any]:
        """Return what only the twin knows of itself, for the results.

        backend, truth of the plant, its seed, where its answers are not to be relied
        upon, and the smallest slack so far in s.
        """
        link = self.board.link
        link.learn()
        slack = self.minimum_slack
        return {
            "backend": "simulation",
            "truth": dict(link.truth),
            "plant_seed": link.seed,
            "doubts": link.doubts(),
            "minimum_slack": None if slack is None else float(slack),
        }

    def _begin(self, function: Any) -> None:
        self.board.kernels += 1
        self.board.adopt()
        self._host_time = language._time_manager
        set_time_manager(self.cursor)
        self.cursor.unwind()
        self.rtio.interleaved = 0
        self.rtio.stalls = self.board.link.stalls()
        self.rtio.trace = None
        self.rtio.kernel = getattr(function, "__qualname__", "kernel")
        self.rtio.spend(self.costs.kernel_start)

    def _finish(self) -> None:
        set_time_manager(self._host_time)  # the host has none, or its own (artiq.sim)
        end = max(self.rtio.counter, self.cursor.now, self.rtio.last_mu())
        self.rtio.counter = end
        self.rtio.play(end)

    def precompile(self, function: Any, *args: Any, **kwargs: Any) -> Callable[[], Any]:
        """Return a callable without arguments that runs the kernel.

        Arguments, and attributes of the objects it can reach, are for every run what
        they are now; what a run changes does not reach the host.

        Raises
        ------
        ValueError
            The function is not a kernel.
        """
        if not hasattr(function, "artiq_embedded"):
            raise ValueError("Argument is not a kernel")
        owner = getattr(function, "__self__", None)
        frozen = Frozen(owner, args, kwargs)

        @wraps(function)
        def run_precompiled() -> Any:
            with frozen.running() as (listed, named):
                outer, self._frozen = self._frozen, frozen
                try:
                    return function(*listed, **named)
                finally:
                    self._frozen = outer

        return run_precompiled

    def hosting(self) -> AbstractContextManager[None]:
        """Return a context in which the host's attributes are its own."""
        return nullcontext() if self._frozen is None else self._frozen.hosting()

    def syscall(self, name: str, *arguments: Any) -> Any:
        """Call the core device's firmware, from a driver's kernel."""
        return self._interpreter.syscall(name)(*arguments)

    def compile(self, *_arguments: Any, **_keywords: Any) -> Any:
        """Refuse: this core interprets.

        Raises
        ------
        DeviceError
            Always; `ccqed check` compiles against the real drivers.
        """
        message = "the simulated core interprets kernels and compiles none"
        raise DeviceError(message)

    def prepare_subkernel(
        self, destination: int, function: Any, *_arguments: Any
    ) -> int:
        """Refuse: the simulated laboratory has no satellites.

        Raises
        ------
        ExperimentError
            Always.
        """
        message = (
            f"{function.__qualname__} is a subkernel for destination {destination}; "
            "the simulated core device has no satellites"
        )
        raise ExperimentError(message)

    def run_subkernel(self, identifier: int) -> None:
        """Refuse, as `prepare_subkernel` does before.

        Raises
        ------
        ExperimentError
            Always.
        """
        raise ExperimentError(f"there is no subkernel {identifier}: no satellites")

    def close(self) -> None:
        """Let the wires settle; nothing is connected."""
        self.comm.close()

    def notify_run_end(self) -> None:
        """Do nothing: no analyzer proxy runs in simulation."""

    def trigger_analyzer_proxy(self) -> None:
        """Refuse, as a core without a proxy does.

        Raises
        ------
        OSError
            Always; the timeline holds more than the analyzer would.
        """
        raise OSError("No analyzer proxy configured")

    @property
    def costs(self) -> CostModel:
        """CPU costs of the slack forecast; a laboratory may put its own here."""
        return self.rtio.costs

    @costs.setter
    def costs(self, costs: CostModel) -> None:
        self.rtio.costs = costs

    @property
    def minimum_slack(self) -> float | None:
        """Smallest slack of any output event so far in s, an estimate; None before."""
        slack = self.rtio.meter.minimum
        return None if slack is None else slack.slack_mu * self.ref_period

    @property
    def minimum_slack_place(self) -> str:
        """File and line of the event with the smallest slack, empty before any."""
        slack = self.rtio.meter.minimum
        return "" if slack is None else slack.place

    @property
    def slack_by_kernel(self) -> dict[str, Slack]:
        """Smallest slack in mu, an estimate, by name of the outermost kernel."""
        return dict(self.rtio.meter.kernels)

    @portable
    def seconds_to_mu(self, seconds: float) -> np.int64:
        """Return the whole machine units in a time; floors, where `delay` rounds.

        A kernel divides and floors; Python's `//` on the host is yet another rule.
        """
        if self._depth:
            return np.int64(math.floor(seconds / self.ref_period))
        return np.int64(seconds // self.ref_period)

    @portable
    def mu_to_seconds(self, mu: int) -> float:
        """Return the seconds in a number of machine units."""
        return mu * self.ref_period

    @kernel
    def get_rtio_counter_mu(self) -> np.int64:
        """Return the time the hardware has reached."""
        self.rtio.spend(self.costs.counter)
        return np.int64(self.rtio.counter)

    @kernel
    def wait_until_mu(self, cursor_mu: int) -> None:
        """Block until the hardware has reached a time."""
        self.rtio.counter = max(self.rtio.counter, int(cursor_mu))
        self.rtio.play(self.rtio.counter)

    @kernel
    def get_rtio_destination_status(self, destination: int) -> bool:
        """Return whether a DRTIO destination is up; there is only the local one."""
        return destination == 0

    @kernel
    def reset(self) -> None:
        """Drop what is queued and put the cursor a margin ahead of the counter."""
        self.rtio.reset()
        self.rtio.spend(self.costs.counter)
        at_mu(np.int64(self.rtio.counter + REALTIME_MARGIN))

    @kernel
    def break_realtime(self) -> None:
        """Put the cursor at least a margin ahead of the counter."""
        self.rtio.spend(self.costs.counter)
        earliest = self.rtio.counter + REALTIME_MARGIN
        if now_mu() < earliest:
            at_mu(np.int64(earliest))

    def begin_rpc(self, *, asynchronous: bool) -> None:
        """Account for a call of the host from a kernel; the wires keep up."""
        if asynchronous:
            self.rtio.spend(self.costs.rpc_async)
            return
        self.rtio.spend(self.costs.rpc)
        self.rtio.play(self.rtio.counter)


class _Connection:
    """What experiments do with `core.comm`."""

    def check_system_info(self) -> None:
        """Do nothing: there is no firmware whose version could differ."""

    def run_subkernel(self, identifier: int) -> None:
        """Refuse, as `prepare_subkernel` does before.

        Raises
        ------
        ExperimentError
            Always.
        """
        raise ExperimentError(f"there is no subkernel {identifier}: no satellites")

    def close(self) -> None:
        """Do nothing: there is no socket."""
