"""What the gateware does with events: replace, collide, refuse, record, replay."""

from __future__ import annotations

import logging

import pytest
from artiq.coredevice.exceptions import CacheError, DMAError, RTIOUnderflow
from artiq.experiment import at_mu, delay, delay_mu, kernel, now_mu, us

from ccqed_ctrl.errors import TimelineError
from sim_backend.crate.lanes import LANE_DEPTH
from sim_backend.crate.rtio import REPORTS


class Order:
    @kernel
    def collide(self):
        self.core.reset()
        at_mu(now_mu() & ~7)
        self.ttl0.on()
        delay_mu(1)
        self.ttl0.off()
        delay_mu(100)
        self.ttl0.pulse_mu(50)

    @kernel
    def backwards(self, steps):
        self.core.reset()
        delay(100 * us)
        for _ in range(steps):
            self.ttl0.on()
            delay_mu(-16)

    @kernel
    def pending(self):
        self.core.reset()
        delay(1000 * us)
        self.ttl0.pulse(1 * us)
        self.core.reset()
        self.ttl1.pulse(1 * us)


def test_two_events_in_one_coarse_cycle_collide(bench, caplog):
    with caplog.at_level(logging.ERROR):
        bench.experiment(Order, "ttl0").collide()
    assert len(bench.timeline.pulses("ttl0")) == 1  # the colliding pair is lost
    assert bench.core.rtio.errors == ["RTIO collision involving channel 0x0000:ttl0"]
    assert "collision" in caplog.text


def test_going_back_more_often_than_there_are_lanes_is_a_sequence_error(bench):
    lab = bench.experiment(Order, "ttl0")
    lab.backwards(8)
    assert bench.core.rtio.errors == []
    lab.backwards(12)
    assert bench.core.rtio.errors
    assert set(bench.core.rtio.errors) == {
        "RTIO sequence error involving channel 0x0000:ttl0"
    }


def test_reset_forgets_what_has_not_been_played(bench):
    bench.experiment(Order, "ttl0", "ttl1").pending()
    assert bench.timeline.pulses("ttl0") == []
    assert len(bench.timeline.pulses("ttl1")) == 1


def test_eight_events_fit_into_one_cycle_and_nine_do_not(bench):
    class Crowd:
        @kernel
        def run(self, count):
            self.core.reset()
            for _ in range(count):
                self.ttl0.on()

    lab = bench.experiment(Crowd, "ttl0")
    lab.run(8)
    assert bench.core.rtio.errors == []
    lab.run(9)
    assert bench.core.rtio.errors == [
        "RTIO sequence error involving channel 0x0000:ttl0"
    ]


class Sequence:
    @kernel
    def record(self):
        with self.core_dma.record("shot"):
            self.ttl0.pulse(1 * us)
            delay(2 * us)
            self.ttl1.pulse(1 * us)

    @kernel
    def play(self):
        self.core.break_realtime()
        start = now_mu()
        self.core_dma.playback("shot")
        handle = self.core_dma.get_handle("shot")
        self.core_dma.playback_handle(handle)
        return start, now_mu() - start

    @kernel
    def stale(self):
        handle = self.core_dma.get_handle("shot")
        self.core_dma.erase("other")
        self.core.break_realtime()
        self.core_dma.playback_handle(handle)

    @kernel
    def erased(self):
        self.core_dma.erase("shot")
        self.core_dma.playback("shot")

    @kernel
    def late(self):
        at_mu(self.core.get_rtio_counter_mu() - 1000)
        self.core_dma.playback("shot")

    @kernel
    def nested(self):
        with self.core_dma.record("outer"):  # noqa: SIM117 (kernels nest)
            with self.core_dma.record("inner"):
                delay(1 * us)


def test_recording_and_playback(bench):
    lab = bench.experiment(Sequence, "core_dma", "ttl0", "ttl1")
    before = bench.core.cursor.now
    lab.record()
    assert bench.core.cursor.now == before
    assert bench.timeline.events == []
    assert bench.core.minimum_slack is None
    start, elapsed = lab.play()
    assert elapsed == 8000
    assert bench.timeline.pulses("ttl0") == [
        (start, start + 1000),
        (start + 4000, start + 5000),
    ]
    assert bench.timeline.pulses("ttl1") == [
        (start + 3000, start + 4000),
        (start + 7000, start + 8000),
    ]


def test_what_invalidates_recordings(bench):
    lab = bench.experiment(Sequence, "core_dma", "ttl0", "ttl1")
    lab.record()
    with pytest.raises(DMAError, match="Invalid handle"):
        lab.stale()
    with pytest.raises(RTIOUnderflow):
        lab.late()
    with pytest.raises(DMAError, match="not found"):
        lab.erased()
    with pytest.raises(DMAError, match="already recording"):
        lab.nested()


class Cache:
    @kernel
    def put(self, values):
        self.core_cache.put("row", values)

    @kernel
    def get(self):
        return self.core_cache.get("row")

    @kernel
    def both(self):
        self.core_cache.get("row")
        self.core_cache.put("row", [0])


def test_the_cache_outlives_kernels(bench):
    lab = bench.experiment(Cache, "core_cache")
    assert lab.get() == []
    lab.put([1, 2])
    assert lab.get() == [1, 2]
    with pytest.raises(CacheError):
        lab.both()
    lab.put([3])
    assert lab.get() == [3]


def test_a_word_to_a_busy_bus_is_lost_and_reported(card):
    class Busy:
        @kernel
        def run(self):
            self.core.reset()
            self.spi.set_config_mu(0x02, 32, 6, 2)
            self.spi.write(0)
            delay_mu(-1000)
            self.spi.write(0x40404040)

    lab = card.experiment(Busy)
    lab.spi = card.get("spi_urukul0")
    lab.run()
    assert card.core.rtio.errors == [
        "RTIO busy error involving channel 0x0014:spi_urukul0"
    ]
    assert card.timeline.value("dds0", "attenuation") == 31.875


def test_transfer_lengths_and_dividers_are_checked(card):
    spi = card.get("spi_urukul0")
    with pytest.raises(ValueError, match="length"):
        spi.set_config_mu(0, 33, 2, 1)
    with pytest.raises(ValueError, match="divider"):
        spi.set_config(0, 32, 1e9, 1)
    assert spi.frequency_to_div(25e6) == 5


def test_least_significant_bit_first(card):
    """The bits of a word reach the card in the opposite order."""

    class Reversed:
        @kernel
        def run(self):
            self.core.reset()
            self.spi.set_config_mu(0x42, 32, 6, 2)
            self.spi.write(0b1)

    lab = card.experiment(Reversed)
    lab.spi = card.get("spi_urukul0")
    lab.run()
    assert card.timeline.value("dds3", "attenuation") == (255 - 0x80) / 8


def test_a_full_lane_blocks_the_cpu_until_its_first_event_is_played(bench):
    class Pulses:
        @kernel
        def run(self, count):
            self.core.break_realtime()
            start = now_mu()
            for _ in range(count):
                self.ttl0.on()
                delay_mu(1_000_000)
            return start, self.core.get_rtio_counter_mu()

    start, counter = bench.experiment(Pulses, "ttl0").run(LANE_DEPTH)
    assert counter < start
    start, counter = bench.experiment(Pulses, "ttl0").run(LANE_DEPTH + 10)
    assert start + 9_000_000 <= counter < start + 9_000_000 + 1000


def test_what_is_queued_is_dropped_with_an_interrupted_kernel(bench):
    class Interrupted:
        @kernel
        def run(self):
            self.core.break_realtime()
            delay_mu(1_000_000_000)
            self.ttl0.on()
            self.interrupt()

        @kernel
        def after(self):
            self.core.break_realtime()
            self.ttl1.on()

        def interrupt(self):
            raise KeyboardInterrupt

    lab = bench.experiment(Interrupted, "ttl0", "ttl1")
    with pytest.raises(KeyboardInterrupt):
        lab.run()
    assert bench.events("ttl0") == []
    assert not bench.core.running
    lab.after()
    assert len(bench.events("ttl1")) == 1
    assert bench.core.rtio.counter < 1_000_000_000


def test_an_interruption_waits_until_the_wires_rest(bench):
    """Half a step of the plant would leave it where no kernel can make it safe."""

    class Pulse:
        @kernel
        def run(self):
            self.core.reset()
            self.ttl0.pulse(1 * us)

    lived = bench.plant.advance

    def advance(events, until_mu):
        if events:
            assert bench.core.rtio.interrupt()
        lived(events, until_mu)

    bench.plant.advance = advance
    with pytest.raises(KeyboardInterrupt):
        bench.experiment(Pulse, "ttl0").run()
    assert [e.value for events, _ in bench.plant.lived for e in events] == [1.0, 0.0]
    assert not bench.core.running
    assert not bench.core.rtio.interrupt()  # nothing moves: the caller interrupts


def test_who_asks_twice_does_not_wait(bench):
    answers = []

    def advance(_events, _until_mu):
        answers.extend(bench.core.rtio.interrupt() for _ in range(2))

    bench.plant.advance = advance
    bench.core.rtio.play(0)
    assert answers == [True, False]


def test_a_cpu_that_keeps_the_time_itself(bench):
    """What a compiled kernel hands over in one go: its words, priced by itself."""
    rtio = bench.core.rtio
    on, off = (1 << 8, 1), (1 << 8, 0)
    rtio.take([(1000, 500, *on), (2000, 600, *off)])
    assert rtio.counter == 600
    assert (rtio.meter.minimum.slack_mu, rtio.meter.minimum.channel) == (500, "ttl1")
    rtio.trace = []
    rtio.take([(10, 700, *on)])
    (recorded,), rtio.trace = rtio.trace, None
    assert (recorded.time_mu, recorded.channel, recorded.data) == (10, 1, 1)
    rtio.play(5000)
    assert bench.timeline.pulses("ttl1") == [(1000, 2000)]
    with pytest.raises(RTIOUnderflow, match="ttl1"):
        rtio.take([(6000, 5990, *on)])
    with pytest.raises(TimelineError, match="0x00ff has no card"):
        rtio.take([(9000, 6000, 0xFF << 8, 1)])
    rtio.take((10_000 + n * 1000, 6000, *on) for n in range(LANE_DEPTH + 5))
    assert 10_000 + 4000 <= rtio.counter < 10_000 + 5000


def test_endless_errors_do_not_pile_up(bench):
    for _ in range(REPORTS + 10):
        bench.core.rtio.busy(0)
    assert len(bench.core.rtio.errors) == REPORTS
