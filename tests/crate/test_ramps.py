"""What an AD9910 does by itself: digital ramps, keying, RAM steered by pins, delays."""

from __future__ import annotations

import copy

import pytest
from artiq.coredevice.ad9910 import (
    RAM_DEST_FTW,
    RAM_MODE_BIDIR_RAMP,
    RAM_MODE_CONT_RAMPUP,
    RAM_MODE_RAMPUP,
)
from artiq.experiment import MHz, delay, delay_mu, kernel, now_mu, us
from hypothesis import given
from hypothesis import strategies as st
from numpy import int64

from sim_backend.crate.chips.ramp import POINTS, Ramp, Slopes

LIMIT, STEP, RATE, ASF, FTW = 0x0B, 0x0C, 0x0D, 0x09, 0x07
TO_FREQUENCY, TO_PHASE, TO_AMPLITUDE = range(3)
#: A ramp of eight steps of 1 us up and four of 2 us down, in units of 1 << 26.
TOP, BOTTOM = 9 << 26, 1 << 26
FULL = 1 << 32


class Ramping:
    @kernel
    def start(self, destination, no_dwell):
        self.core.break_realtime()
        self.dds0.set(80 * MHz, 0.25, 0.5)
        self.dds0.write64(LIMIT, TOP, BOTTOM)
        self.dds0.write64(STEP, 2 << 26, 1 << 26)
        self.dds0.write32(RATE, 500 << 16 | 250)
        self.dds0.set_cfr2(
            drg_enable=1,
            drg_destination=destination,
            drg_nodwell_high=no_dwell & 1,
            drg_nodwell_low=no_dwell >> 1,
        )
        start = now_mu()
        self.dds0.io_update.pulse_mu(8)
        return start

    @kernel
    def pin(self, high):
        self.core.break_realtime()
        self.dds0.cfg_drctl(high)
        return now_mu()

    @kernel
    def over(self):
        self.core.break_realtime()
        return self.urukul0_cpld.sta_read() >> 23 & 0xF

    @kernel
    def effective(self):
        self.core.break_realtime()
        return self.dds0.read32(FTW)

    @kernel
    def wait(self, duration):
        self.core.break_realtime()
        delay(duration)
        self.core.wait_until_mu(now_mu())


@pytest.fixture
def lab(card):
    return card.experiment(Ramping, "dds0", "urukul0_cpld")


def since(card, signal, start):
    """Return (time after `start` in us to 4 ns, value) of what a signal did since."""
    track = card.timeline.track("dds0", signal)
    return [((time - start) / 1000, value) for time, value in track if time >= start]


def eighths(steps, of):
    """Return values in units of a ramp's step up."""
    return [round(value / of * 64) for _, value in steps]


@pytest.mark.parametrize(
    ("destination", "signal", "full"),
    [
        (TO_FREQUENCY, "frequency", 1e9),
        (TO_PHASE, "phase", 1.0),
        (TO_AMPLITUDE, "amplitude", FULL / (FULL - (1 << 18))),
    ],
)
def test_a_ramp_rises_stays_and_falls(card, lab, destination, signal, full):
    start = lab.start(destination, 0)
    assert eighths(since(card, signal, start)[:1], full) == [1]  # the lower limit
    up = lab.pin(True)
    lab.wait(100 * us)
    rise = [step for step in since(card, signal, up - 100) if step[1] != BOTTOM]
    assert eighths(rise, full) == [2, 3, 4, 5, 6, 7, 8, 9]
    times = [time for time, _ in rise]
    assert [b - a for a, b in zip(times, times[1:], strict=False)] == [
        pytest.approx(1.0, abs=1e-9)
    ] * 7
    assert lab.over() == 1
    down = lab.pin(False)
    lab.wait(4.5 * us)
    fall = since(card, signal, down - 100)
    assert eighths(fall[:2], full) == [7, 5]
    lab.wait(100 * us)
    assert eighths(since(card, signal, down - 100), full) == [7, 5, 3, 1]


def test_other_parameters_stay_those_of_the_profile(card, lab):
    lab.start(TO_PHASE, 0)
    lab.pin(True)
    lab.wait(100 * us)
    assert card.timeline.value("dds0", "frequency") == pytest.approx(80e6, abs=0.12)
    assert card.timeline.value("dds0", "amplitude") == pytest.approx(0.5, abs=1e-4)


def test_a_held_ramp_waits(card, lab):
    class Held:
        @kernel
        def run(self):
            self.core.break_realtime()
            self.dds0.cfg_drctl(True)
            delay(3.5 * us)
            self.dds0.cfg_drhold(True)
            delay(20 * us)
            self.dds0.cfg_drhold(False)
            return now_mu()

    lab.start(TO_FREQUENCY, 0)
    go_on = card.experiment(Held, "dds0").run()
    lab.wait(100 * us)
    times = [time for time, value in card.timeline.track("dds0", "frequency")][-8:]
    waits = [b - a for a, b in zip(times, times[1:], strict=False)]
    assert sorted(waits)[:6] == [1000] * 6
    assert max(waits) >= 20_000
    assert times[waits.index(max(waits))] < go_on < times[-1]


@pytest.mark.parametrize(
    ("no_dwell", "rising", "expected"),
    [
        (0b01, True, [2, 3, 4, 5, 6, 7, 8, 1]),  # up, jumps down, waits for an edge
        (0b10, False, [9, 7, 5, 3, 9]),  # from the top down, jumps up
    ],
)
def test_a_ramp_that_does_not_dwell_at_its_limit(card, lab, no_dwell, rising, expected):
    lab.start(TO_FREQUENCY, no_dwell)
    lab.pin(not rising)
    lab.wait(50 * us)
    edge = lab.pin(rising)
    lab.wait(50 * us)
    played = eighths(since(card, "frequency", edge - 100), 1e9)
    assert played == expected
    lab.pin(not rising)
    lab.wait(50 * us)
    assert eighths(since(card, "frequency", edge - 100), 1e9) == played


def test_without_dwelling_at_either_limit_it_oscillates(card, lab):
    start = lab.start(TO_FREQUENCY, 0b11)
    lab.wait(40 * us)
    played = eighths(since(card, "frequency", start), 1e9)
    period = [2, 3, 4, 5, 6, 7, 8, 9, 7, 5, 3, 1]
    assert played[:25] == [1, *period, *period]


def test_the_effective_tuning_word_is_that_of_the_moment(card, lab):
    lab.start(TO_FREQUENCY, 0)
    assert lab.effective() == BOTTOM
    lab.pin(True)
    lab.wait(100 * us)
    assert lab.effective() == TOP


slopes = st.builds(
    Slopes,
    lower=st.integers(0, 1000),
    upper=st.integers(0, 5000),
    up=st.integers(-3, 50),
    down=st.integers(-3, 50),
    up_cycles=st.integers(0, 9),
    down_cycles=st.integers(0, 9),
    no_dwell_high=st.booleans(),
    no_dwell_low=st.booleans(),
)


@given(slopes, st.lists(st.integers(1, 500), min_size=1, max_size=8), st.booleans())
def test_a_ramp_looked_at_often_is_the_same_ramp(registers, looks, high):
    """Closed form against itself in smaller strides; it never leaves its limits."""
    once, often = Ramp(), Ramp()
    for ramp in (once, often):
        ramp.configure(0, registers, start=True)
        ramp.control(1, high)
        ramp.control(3, not high)
    end = 3
    for look in looks:
        end += look
        often.advance(end)
        upper = max(registers.lower, registers.upper)
        assert registers.lower <= often.value <= upper
    once.advance(end)
    assert once.value == often.value


def test_a_long_slope_is_told_in_strides_and_to_its_end():
    ramp = Ramp()
    ramp.configure(0, Slopes(0, 10**6, 1, 1, 3, 3), start=True)
    ramp.control(0, True)
    told = list(ramp.coming())
    assert len(told) == POINTS
    assert told[-1] == (3 * 10**6, 10**6)
    for cycle, value in told:
        ramp.advance(cycle)
        assert ramp.value == value


def test_shaped_keying(card):
    class Keyed:
        @kernel
        def run(self):
            self.core.break_realtime()
            self.dds0.set(1 * MHz)
            self.dds0.write32(ASF, 250 << 16 | 32 << 2 | 3)  # 8 of 32 each microsecond
            self.dds0.set_cfr1(osk_enable=1, select_auto_osk=1)
            self.dds0.io_update.pulse_mu(8)
            self.dds0.cfg_osk(True)
            delay(10 * us)
            self.dds0.cfg_osk(False)
            delay(10 * us)

    card.experiment(Keyed, "dds0").run()
    levels = [value for _, value in card.timeline.track("dds0", "amplitude")]
    assert [round(level * 0x3FFF) for level in levels] == [
        *(0x3FFF, 0, 8, 16, 24, 32),
        *(24, 16, 8, 0),
    ]


class Playing:
    @kernel
    def fill(self, profile, start, data, mode):
        """Load a waveform; the first word written is the last one played."""
        self.core.break_realtime()
        self.dds0.set_cfr1(ram_enable=0)
        self.dds0.set_profile(profile)
        self.dds0.set_profile_ram(start, start + len(data) - 1, 250, profile, mode=mode)
        self.dds0.io_update.pulse_mu(8)
        self.dds0.write_ram(data)

    @kernel
    def enable(self, internal):
        self.core.break_realtime()
        self.dds0.set_cfr1(
            ram_enable=1, ram_destination=RAM_DEST_FTW, internal_profile=internal
        )
        start = now_mu()
        self.dds0.io_update.pulse_mu(8)
        return start

    @kernel
    def steer(self, profile, duration):
        self.core.break_realtime()
        self.dds0.set_profile(profile)
        start = now_mu()
        delay(duration)
        self.core.wait_until_mu(now_mu())
        return start

    @kernel
    def read(self, profile, start, data):
        self.core.break_realtime()
        self.dds0.set_profile_ram(start, start + len(data) - 1, profile=profile)
        self.dds0.set_profile(profile)
        self.dds0.io_update.pulse_mu(8)
        delay_mu(8)
        self.dds0.read_ram(data)


@pytest.fixture
def player(card):
    return card.experiment(Playing, "dds0")


def words(card, start):
    """Return what the RAM made of the frequency, in units of 2**26."""
    return eighths(since(card, "frequency", start), 1e9)


def test_overlapping_waveforms_read_from_the_end(card, player):
    written = list(range(40))
    player.fill(0, 0, written, RAM_MODE_RAMPUP)
    got = [0] * 10
    player.read(1, 5, got)
    assert got == written[25:35]


def test_a_profile_pin_steers_a_bidirectional_ramp(card, player):
    player.fill(0, 10, [n << 26 for n in (5, 4, 3, 2, 1)], RAM_MODE_BIDIR_RAMP)
    start = player.enable(0)
    player.steer(1, 2.5 * us)
    assert words(card, start) == [1, 2, 3]
    player.steer(0, 20 * us)
    player.steer(1, 20 * us)
    assert words(card, start) == [1, 2, 3, 4, 5, 4, 3, 2, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("internal", "played"),
    [
        (0b0001, [1, 2, 3, 4]),  # profiles 0 and 1 once
        (0b1000, [1, 2, 3, 4, 1, 2, 3, 4, 1]),  # for ever
    ],
)
def test_profiles_in_turn(card, player, internal, played):
    player.fill(1, 20, [4 << 26, 3 << 26], RAM_MODE_CONT_RAMPUP)
    player.fill(0, 10, [2 << 26, 1 << 26], RAM_MODE_CONT_RAMPUP)
    start = player.enable(internal)
    player.steer(0, 20 * us)
    assert words(card, start)[:9] == played


class Synchronised:
    @kernel
    def init(self):
        self.core.break_realtime()
        self.urukul0_cpld.init()
        self.dds0.init()

    @kernel
    def tune(self):
        self.core.break_realtime()
        return self.dds0.tune_sync_delay()

    @kernel
    def errors(self, in_delay, window):
        self.core.break_realtime()
        self.dds0.set_sync(in_delay, window)
        self.dds0.clear_smp_err()
        return self.urukul0_cpld.sta_read() >> 4 & 0xF

    @kernel
    def align(self):
        self.core.break_realtime()
        return self.dds0.tune_io_update_delay()


@pytest.fixture
def synchronised(card, make_bench, local):
    entries = copy.deepcopy(card.device_db)
    entries["sync"] = local("ttl", "TTLClockGen", channel=40, acc_width=4)
    entries["urukul0_cpld"]["arguments"]["sync_device"] = "sync"
    entries["dds0"]["arguments"]["sync_delay_seed"] = 15
    bench = make_bench(entries)
    return bench.experiment(Synchronised, "dds0", "urukul0_cpld")


def test_a_synchronised_card_finds_its_delays(synchronised):
    synchronised.init()
    in_delay, window = synchronised.tune()
    assert window > 0
    for tap in (in_delay - 1, in_delay, in_delay + 1):
        assert synchronised.errors(tap, window) == 0
    assert synchronised.errors(0, window) == 1
    assert synchronised.align() == 0  # what a device_db without a delay assumes


def test_without_sync_there_is_nothing_to_tune(card):
    lab = card.experiment(Synchronised, "dds0", "urukul0_cpld")
    with pytest.raises(ValueError, match="does not drive SYNC"):
        lab.tune()


def test_a_clock_from_elsewhere_locks_no_loop(card):
    class Elsewhere:
        @kernel
        def run(self):
            self.core.break_realtime()
            self.urukul0_cpld.cfg_write(self.urukul0_cpld.cfg_reg ^ int64(1) << 40)
            self.dds0.init()

    with pytest.raises(ValueError, match="PLL lock timeout"):
        card.experiment(Elsewhere, "dds0", "urukul0_cpld").run()
