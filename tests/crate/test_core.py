"""The core device: cursor, counter, kernels calling kernels and the host."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from artiq.experiment import (
    TInt32,
    at_mu,
    delay,
    delay_mu,
    host_only,
    kernel,
    kernel_from_string,
    ms,
    now_mu,
    ns,
    portable,
    rpc,
    subkernel,
    us,
)
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import (
    DeviceError,
    ExperimentError,
    ParameterError,
    TimelineError,
)
from sim_backend.crate.drivers.core import REALTIME_MARGIN
from sim_backend.crate.slack import CostModel
from sim_backend.crate.time_manager import TimeManager, round_half_away


class Lab:
    @kernel
    def elapsed(self, duration):
        start = now_mu()
        delay(duration)
        return now_mu() - start


@pytest.mark.parametrize("unit", [us, ms, ns])
def test_delay_rounds_where_flooring_loses_a_unit(bench, unit):
    lab = bench.experiment(Lab)
    per_unit = round(unit / 1e-9)
    for count in range(1, 1001, 37):
        assert lab.elapsed(count * unit) == count * per_unit


def test_seconds_to_mu_floors_as_the_device_does(bench):
    floored = [int(bench.core.seconds_to_mu(n * us)) for n in range(1, 1001)]
    assert all(n * 1000 - 1 <= mu <= n * 1000 for n, mu in enumerate(floored, 1))
    assert any(mu == n * 1000 - 1 for n, mu in enumerate(floored, 1))
    assert isinstance(bench.core.seconds_to_mu(1 * us), np.int64)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(0.5, 1), (1.5, 2), (2.5, 3), (-0.5, -1), (-1.5, -2), (0.49999999999999994, 0)],
)
def test_rounding_takes_halves_away_from_zero(value, rounded):
    assert round_half_away(value) == rounded


@given(st.integers(-(2**50), 2**50))
def test_rounding_keeps_whole_numbers(value):
    assert round_half_away(float(value)) == value


def test_the_cursor_may_go_back(bench):
    class Back:
        @kernel
        def run(self):
            start = now_mu()
            delay(-3 * us)
            delay_mu(-5)
            back = now_mu() - start
            at_mu(start - 10_000)
            return back, now_mu() - start

    assert bench.experiment(Back).run() == (-3005, -10_000)


def test_the_cursor_is_a_64_bit_integer(bench):
    class Type:
        @kernel
        def run(self):
            return now_mu()

    assert type(bench.experiment(Type).run()) is np.int64


@pytest.mark.parametrize("wrong", [1.0, True, "1"])
def test_only_whole_machine_units_move_the_cursor(wrong):
    cursor = TimeManager(1e-9)
    with pytest.raises(TimelineError, match="whole machine units"):
        cursor.take_time_mu(wrong)
    with pytest.raises(TimelineError, match="whole machine units"):
        cursor.set_time_mu(wrong)


class Realtime:
    @kernel
    def reset(self):
        self.core.reset()
        return now_mu() - self.core.get_rtio_counter_mu()

    @kernel
    def break_realtime(self):
        self.core.break_realtime()
        first = now_mu()
        self.core.break_realtime()
        delay(1 * ms)
        far = now_mu()
        self.core.break_realtime()
        return far - first, now_mu() - far

    @kernel
    def wait(self):
        self.core.break_realtime()
        delay(10 * ms)
        self.core.wait_until_mu(now_mu())
        return self.core.get_rtio_counter_mu() - now_mu()


def test_reset_and_break_realtime(bench):
    lab = bench.experiment(Realtime)
    reading = round(bench.core.costs.counter / 1e-9)
    assert lab.reset() == REALTIME_MARGIN - reading
    since_first, moved = lab.break_realtime()
    assert 1_000_000 <= since_first < 1_001_000
    assert moved == 0
    assert lab.wait() == reading


def test_time_passes_between_kernels(bench):
    lab = bench.experiment(Realtime)
    lab.reset()
    before = bench.core.rtio.counter
    lab.reset()
    start = round(bench.core.costs.kernel_start / 1e-9)
    assert bench.core.rtio.counter - before >= start


def test_the_host_waits_for_what_a_kernel_queued(bench):
    class Queue:
        @kernel
        def run(self):
            self.core.reset()
            delay(2 * ms)
            self.ttl0.pulse(1 * ms)
            delay(-3 * ms)

    lab = bench.experiment(Queue, "ttl0")
    lab.run()
    ((_, stop),) = bench.timeline.pulses("ttl0")
    assert bench.timeline.sealed_mu >= stop
    assert bench.plant.lived[-1][1] >= stop


class Host:
    def __init__(self):
        self.seen = []

    def note(self, value) -> TInt32:
        self.seen.append(value)
        return value + 1

    @rpc(flags={"async"})
    def note_later(self, value):
        self.seen.append(value)
        return value

    @portable
    def double(self, value, offset=0):
        return 2 * value + offset

    @kernel
    def inner(self, a, b=2, *, c=3):
        return a * 100 + b * 10 + c

    @kernel
    def run(self) -> TInt32:
        first = self.note(1)
        second = self.note_later(2)
        self.seen_none = second is None
        return self.inner(first, c=self.double(2, offset=1))


def test_kernels_call_kernels_portable_functions_and_the_host(bench):
    lab = bench.experiment(Host)
    assert lab.run() == 2 * 100 + 2 * 10 + 5
    assert lab.seen == [1, 2]
    assert lab.seen_none


def test_a_call_of_the_host_costs_time_and_lets_the_wires_catch_up(bench):
    sealed = []

    class Ask:
        def host(self):
            sealed.append(bench.timeline.sealed_mu)

        @kernel
        def run(self):
            self.core.reset()
            before = self.core.get_rtio_counter_mu()
            self.host()
            return self.core.get_rtio_counter_mu() - before

    spent = bench.experiment(Ask).run()
    costs = bench.core.costs
    assert spent == round((costs.rpc + costs.counter) / 1e-9)
    assert sealed[0] > 0


def test_exceptions_cross_both_ways(bench):
    class Crossing:
        def fail(self):
            raise KeyError("host")

        @kernel
        def caught(self):
            try:
                self.fail()
            except KeyError:
                return True
            return False

        @kernel
        def raised(self):
            raise ValueError("kernel")

    lab = bench.experiment(Crossing)
    assert lab.caught()
    with pytest.raises(ValueError, match="kernel"):
        lab.raised()
    assert lab.caught()  # and the core device still counts its nesting right


def test_host_only_functions_are_refused(bench):
    class Forbidden:
        @host_only
        def plot(self):
            """Not for kernels."""

        @kernel
        def run(self):
            self.plot()

    with pytest.raises(ExperimentError, match="host_only"):
        bench.experiment(Forbidden).run()


def test_a_laboratory_may_bring_its_own_costs(bench):
    lab = bench.experiment(Realtime)
    bench.core.costs = CostModel(kernel_start=1.0)
    lab.wait()
    assert bench.core.rtio.counter >= 1_000_000_000
    with pytest.raises(ParameterError, match="output"):
        CostModel(output=-1e-9)


def test_kernel_from_string(bench):
    add = kernel_from_string(["self", "a"], "delay_mu(8)\nreturn a + round(0.5)")

    class Text:
        @kernel
        def run(self):
            start = now_mu()
            result = self.add(41)
            return result, now_mu() - start

    Text.add = add
    lab = bench.experiment(Text)
    assert lab.run() == (42, 8)
    assert lab.add(1) == 2


def test_names_the_compiler_knows(bench, caplog):
    class Logs:
        @kernel
        def run(self):
            rtio_log("phase", 3)  # noqa: F821
            core_log("hello")  # noqa: F821
            return int64(1) << 40  # noqa: F821

    with caplog.at_level(logging.INFO):
        assert bench.experiment(Logs).run() == 1 << 40
    assert "phase 3" in caplog.text
    assert "hello" in caplog.text


def test_precompiled_kernels_run_later(bench):
    lab = bench.experiment(Host)
    later = bench.core.precompile(lab.inner, 1, c=4)
    assert later() == 124
    with pytest.raises(ValueError, match="not a kernel"):
        bench.core.precompile(print)


def test_what_the_twin_cannot_do_is_refused(bench):
    class Remote:
        @subkernel(destination=1)
        def satellite(self):
            """On another board."""

        @kernel
        def waits(self):
            subkernel_await(self.satellite)  # noqa: F821

    lab = bench.experiment(Remote)
    with pytest.raises(ExperimentError, match="satellite"):
        lab.satellite()
    with pytest.raises(ExperimentError, match="satellite"):
        lab.waits()
    with pytest.raises(DeviceError, match="interprets"):
        bench.core.compile(None, (), {})
    with pytest.raises(OSError, match="No analyzer proxy"):
        bench.core.trigger_analyzer_proxy()


def test_a_kernel_without_source_is_refused(bench):
    scope = {"kernel": kernel}
    exec("class Hidden:\n    @kernel\n    def run(self):\n        return 1", scope)
    with pytest.raises(ExperimentError, match="source of Hidden.run"):
        bench.experiment(scope["Hidden"]).run()


def test_life_cycle_methods(bench):
    bench.core.comm.check_system_info()
    bench.core.notify_run_end()
    bench.core.comm.close()
    bench.core.close()
    assert bench.core.get_rtio_destination_status(0)
    assert not bench.core.get_rtio_destination_status(1)
    assert bench.core.mu_to_seconds(1000) == pytest.approx(1e-6)
