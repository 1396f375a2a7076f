"""What the gateware does with events: replace, collide, refuse, record, replay."""

from __future__ import annotations

import logging

import pytest
from artiq.coredevice.exceptions import CacheError, DMAError, RTIOUnderflow
from artiq.experiment import at_mu, delay, delay_mu, kernel, now_mu, us

from ccqed_ctrl.errors import TimelineError


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
    with pytest.raises(TimelineError, match="inside another"):
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
