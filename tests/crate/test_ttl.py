"""Digital channels: levels, edges, counts, samples."""

from __future__ import annotations

import pytest
from artiq.coredevice.edge_counter import CounterOverflow
from artiq.coredevice.exceptions import RTIOOverflow
from artiq.experiment import at_mu, delay, delay_mu, kernel, now_mu, parallel, us
from artiq.language.units import kHz, ms

from ccqed_ctrl.errors import DeviceError, TimelineError
from sim_backend.crate.chips.ttl import LOOK_MU
from sim_backend.crate.rtio import OUTPUT_LATENCY

#: By how much stamps of inputs are later than the outputs of the same instant.
LATE = 8 * OUTPUT_LATENCY


class Digital:
    @kernel
    def pulses(self):
        self.core.reset()
        start = now_mu()
        self.ttl0.pulse(1.5 * us)
        self.ttl0.pulse_mu(100)
        self.ttl0.output()
        delay_mu(8)
        self.ttl0.on()
        self.ttl0.off()
        return start, now_mu() - start

    @kernel
    def direction(self):
        self.core.reset()
        self.in0.on()
        delay_mu(8)
        self.in0.output()
        delay_mu(100)
        self.in0.input()
        return now_mu()

    @kernel
    def count(self, duration):
        self.core.reset()
        self.opened = now_mu()
        end = self.in0.gate_rising(duration)
        return self.in0.count(end)

    @kernel
    def stamps(self, kind):
        self.core.reset()
        if kind == "falling":
            end = self.in0.gate_falling_mu(100_000)
        else:
            end = self.in0.gate_both_mu(100_000)
        stamps = [self.in0.timestamp_mu(end) for _ in range(3)]
        return stamps, self.core.get_rtio_counter_mu() - end

    @kernel
    def sample(self):
        self.core.reset()
        self.in0.sample_input()
        delay(1 * us)
        self.in0.sample_input()
        first, second = self.in0.sample_get(), self.in0.sample_get()
        self.core.break_realtime()
        return first, second, self.in0.sample_get_nonrt()


def test_pulses_and_replacement(bench):
    start, elapsed = bench.experiment(Digital, "ttl0").pulses()
    assert elapsed == 1608
    assert bench.timeline.pulses("ttl0") == [(start, start + 1600)]


def test_a_bidirectional_channel_drives_only_as_output(bench):
    end = bench.experiment(Digital, "in0").direction()
    assert bench.timeline.pulses("in0") == [(end - 100, end)]


def test_counting_edges(bench):
    lab = bench.experiment(Digital, "in0")
    bench.plant.script("in0", [(t * 1000, t % 2) for t in range(60_000)])
    assert lab.count(100 * us) == 50
    assert lab.count(1 * us) in (0, 1)


def test_timestamps_and_their_slack(bench):
    lab = bench.experiment(Digital, "in0")
    first = 51_200_000
    bench.plant.script("in0", [(first, 1), (first + 10, 0)])
    stamps, past_end = lab.stamps("both")
    assert stamps == [first + LATE, first + LATE + 10, -1]
    assert past_end > 0
    bench.plant.script("in0", [(first + 52_000_000, 1), (first + 52_000_010, 0)])
    stamps, _ = lab.stamps("falling")
    assert stamps[0] in (-1, first + LATE + 52_000_010)


def test_a_timestamp_comes_back_soon_after_the_edge(bench):
    class React:
        @kernel
        def run(self):
            self.core.reset()
            end = self.in0.gate_rising(1 * ms)
            edge = self.in0.timestamp_mu(end)
            at_mu(edge + 50_000)
            self.ttl0.pulse(1 * us)
            return edge, self.core.get_rtio_counter_mu()

    bench.plant.script("in0", [(51_300_000, 1)])
    edge, counter = bench.experiment(React, "in0", "ttl0").run()
    assert edge == 51_300_000 + LATE
    assert edge < counter < edge + 2 * LOOK_MU
    assert bench.timeline.pulses("ttl0") == [(edge + 50_000, edge + 51_000)]


def test_too_many_unread_edges_overflow(bench):
    bench.plant.script("in0", [(51_200_000 + t, (t + 1) % 2) for t in range(400)])
    with pytest.raises(RTIOOverflow, match="in0"):
        bench.experiment(Digital, "in0").count(200 * us)


def test_samples(bench):
    seen = []

    def level(time_mu):
        seen.append(time_mu)
        return float(len(seen) % 2)

    bench.plant.inputs["in0", "level"] = level
    assert bench.experiment(Digital, "in0").sample() == (1, 0, 1)
    assert seen[1] == seen[0] + 1000


def test_watching(bench):
    class Watch:
        @kernel
        def run(self):
            self.core.reset()
            on = self.in0.watch_stay_on()
            self.core.break_realtime()
            stayed = self.in0.watch_done()
            self.core.break_realtime()
            off = self.in0.watch_stay_off()
            self.core.break_realtime()
            return on, stayed, off, self.in0.watch_done()

    bench.plant.inputs["in0", "level"] = lambda _: 1.0
    assert bench.experiment(Watch, "in0").run() == (True, True, False, True)


def test_a_read_that_can_never_return_is_refused(bench):
    class Wait:
        @kernel
        def run(self):
            return self.in0.sample_get()

    with pytest.raises(TimelineError, match="reading in0 would wait for ever"):
        bench.experiment(Wait, "in0").run()


class Counting:
    @kernel
    def run(self):
        self.core.reset()
        with parallel:
            self.counter.gate_rising(100 * us)
            self.ttl0.pulse(10 * us)
        delay_mu(8)  # a gate that opens as another closes collides with it
        self.counter.gate_both(50 * us)
        first = self.counter.fetch_count()
        time_mu, second = self.counter.fetch_timestamped_count()
        nothing, _ = self.counter.fetch_timestamped_count(
            self.core.get_rtio_counter_mu() + 1000
        )
        return first, second, time_mu - now_mu(), nothing


def test_the_gateware_counts(bench):
    bench.plant.script("counter", [(t * 1000, t % 2) for t in range(60_000)])
    lab = bench.experiment(Counting, "counter", "ttl0")
    assert lab.run() == (50, 50, LATE, -1)


def test_a_full_counter_overflows(make_bench, bench):
    entry = bench.device_db["counter"]
    entry["arguments"] = {"channel": 10, "gateware_width": 5}
    small = make_bench(bench.device_db)
    small.plant.script("counter", [(t * 100, t % 2) for t in range(600_000)])
    with pytest.raises(CounterOverflow):
        small.experiment(Counting, "counter", "ttl0").run()


def test_a_clock(make_bench, bench):
    class Clock:
        @kernel
        def run(self):
            self.core.reset()
            self.clock.set(500 * kHz)
            delay(10 * us)
            self.clock.stop()

    entry = bench.device_db["ttl0"] | {"class": "TTLClockGen"}
    clocked = make_bench({"clock": entry})
    clocked.experiment(Clock, "clock").run()
    start, stop = clocked.signals("clock")
    assert start[1:] == ("frequency", pytest.approx(500e3, rel=1e-5))
    assert stop == (start[0] + 10_000, "frequency", 0.0)


def test_a_channel_taken_twice_is_refused(make_bench, bench):
    entry = bench.device_db["ttl0"]
    board = make_bench({"b": entry | {"class": "TTLInOut"}, "a": entry}).core.board
    assert board.chip("a").key == "a"
    with pytest.raises(DeviceError, match="channel 0x0 of b is already a"):
        board.chip("b")


def test_equal_descriptions_are_one_device(make_bench, bench):
    entry = bench.device_db["ttl0"]
    board = make_bench({"a": entry, "b": dict(entry)}).core.board
    assert board.refusals == {}
    assert board.chip("a") is board.chip("b")


def test_an_output_without_a_card_is_refused(bench):
    from sim_backend.crate.drivers.ttl import TTLOut

    lamp = bench.experiment(Lonely)
    lamp.line = TTLOut(bench, 77)
    with pytest.raises(TimelineError, match="channel 0x004d has no card"):
        lamp.on()


class Lonely:
    @kernel
    def on(self):
        self.core.break_realtime()
        self.line.on()
