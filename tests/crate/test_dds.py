"""Urukul and AD9910: tones, phases, attenuators, switches, RAM ramps, read-back."""

from __future__ import annotations

import copy
import re

import pytest
from artiq.coredevice.ad9910 import (
    PHASE_MODE_ABSOLUTE,
    PHASE_MODE_CONTINUOUS,
    PHASE_MODE_TRACKING,
    RAM_DEST_ASF,
    RAM_DEST_FTW,
    RAM_DEST_POW,
    RAM_DEST_POWASF,
    RAM_MODE_CONT_BIDIR_RAMP,
    RAM_MODE_CONT_RAMPUP,
    RAM_MODE_DIRECTSWITCH,
)
from artiq.experiment import MHz, delay, delay_mu, kernel, now_mu, us

from sim_backend.crate.board import Board

#: Cursor advance of AD9910.set: configurations, SPI words, IO_UPDATE (artiq.md 3.10).
SET_MU = 3 * 8 + 152 + 536 + 536 + 8
#: A write to a 32-bit register: two configurations, 8 and 32 bits.
WRITE32_MU = 2 * 8 + 152 + 536


class Tones:
    @kernel
    def set(self, frequency, phase, amplitude, mode):
        self.core.break_realtime()
        delay_mu(3)
        at = now_mu()
        self.dds0.set(frequency, phase, amplitude, phase_mode=mode)
        return at, now_mu() - at

    @kernel
    def both(self):
        self.core.break_realtime()
        self.dds0.set(80 * MHz, phase=0.25, phase_mode=PHASE_MODE_TRACKING)
        delay(123 * us)
        self.dds1.set(81 * MHz, phase=0.5, phase_mode=PHASE_MODE_TRACKING)

    @kernel
    def attenuate(self, decibel):
        self.core.break_realtime()
        self.dds1.set_att(decibel)
        self.core.break_realtime()
        value = self.dds1.get_att()
        self.core.break_realtime()
        return value, self.dds0.get_att()

    @kernel
    def switch(self):
        self.core.break_realtime()
        start = now_mu()
        self.dds0.sw.on()
        delay(1 * us)
        self.dds0.cfg_sw(True)
        delay(1 * us)
        self.dds0.sw.off()
        delay(1 * us)
        self.dds0.cfg_sw(False)
        return start

    @kernel
    def read(self):
        self.core.break_realtime()
        self.dds0.set(12.5 * MHz, 0.125, 0.5)
        self.core.break_realtime()
        return self.dds0.get()

    @kernel
    def init(self):
        self.core.reset()
        self.urukul0_cpld.init()
        self.dds0.init()
        self.dds0.power_down(0)
        self.dds0.clear_smp_err()

    @kernel
    def free_registers(self):
        self.core.break_realtime()
        self.dds0.set_frequency(10 * MHz)
        self.dds0.set_phase(0.75)
        self.dds0.set_amplitude(0.25)
        self.dds0.set_cfr2(effective_ftw=0)
        self.dds0.io_update.pulse_mu(8)
        delay(1 * us)
        frequency = self.dds0.get_frequency()
        self.core.break_realtime()
        phase = self.dds0.get_phase()
        self.core.break_realtime()
        return frequency, phase, self.dds0.get_amplitude()


@pytest.fixture
def tones(card):
    return card.experiment(Tones, "dds0", "dds1", "urukul0_cpld")


def test_a_tone_starts_at_io_update(card, tones):
    at, advance = tones.set(80e6, 0.25, 0.5, PHASE_MODE_CONTINUOUS)
    start = at & ~7
    assert advance == SET_MU + start - at
    latch = start + SET_MU - 8
    values = {signal: value for _, signal, value in card.signals("dds0")}
    assert {time for time, _, _ in card.signals("dds0")} == {latch}
    assert values["frequency"] == pytest.approx(80e6, abs=0.12)  # 1e9 / 2^33
    assert values["amplitude"] == pytest.approx(0.5, abs=1 / 0x7FFE)
    assert values["phase"] == 0.25
    assert values["coherent"] == 0.0


@pytest.mark.parametrize("mode", [PHASE_MODE_TRACKING, PHASE_MODE_ABSOLUTE])
def test_coherent_modes_write_one_more_register_before_and_after(card, tones, mode):
    at, advance = tones.set(80e6, 0.25, 0.5, mode)
    assert advance == SET_MU + 2 * WRITE32_MU + (at & ~7) - at
    assert card.timeline.value("dds0", "coherent") == 1.0


def test_tracked_phases_are_what_was_asked_for_whenever_set(card, tones):
    tones.both()
    tones.both()
    assert card.timeline.value("dds0", "phase") == 0.25
    assert card.timeline.value("dds1", "phase") == 0.5
    assert len(card.timeline.track("dds0", "phase")) == 1


def test_absolute_phase_refers_to_the_time_it_was_set(card, tones):
    """phi(t) = p + f (t - t'), so phi(0) = p - f t' with t' the cursor at the set."""
    at, _ = tones.set(10e6, 0.25, 1.0, PHASE_MODE_ABSOLUTE)
    tuned = (at & ~7) + WRITE32_MU
    word = round(10e6 / 1e9 * 2**32)
    expected = (0.25 - word * tuned / 2**32) % 1
    assert card.timeline.value("dds0", "phase") == pytest.approx(expected, abs=2**-15)


def test_reprogramming_in_continuous_mode_loses_coherence(card, tones):
    tones.set(80e6, 0.0, 0.5, PHASE_MODE_TRACKING)
    tones.set(80e6, 0.0, 0.5, PHASE_MODE_CONTINUOUS)
    assert [value for _, value in card.timeline.track("dds0", "coherent")] == [1, 0]


def test_setting_a_neighbour_keeps_coherence(card, tones):
    tones.both()
    assert card.timeline.track("dds0", "coherent") == [
        (card.timeline.track("dds0", "frequency")[0][0], 1.0)
    ]


@pytest.mark.parametrize("decibel", [0.0, 10.0, 31.5, 3.3])
def test_attenuators(card, tones, decibel):
    here, there = tones.attenuate(decibel)
    assert here == pytest.approx(decibel, abs=1 / 16)
    assert there == 31.875  # nobody set it: the register starts at full attenuation
    assert card.timeline.value("dds1", "attenuation") == here


def test_switches_are_ored(card, tones):
    start = tones.switch()
    (pulse,) = card.timeline.pulses("sw0")
    assert pulse[0] == start
    assert pulse[1] > start + 3000


def test_read_back(card, tones):
    frequency, phase, amplitude = tones.read()
    assert frequency == pytest.approx(12.5e6, abs=0.12)
    assert (phase, amplitude) == (0.125, pytest.approx(0.5, abs=1e-4))
    got = tones.free_registers()
    assert got == pytest.approx((10e6, 0.75, 0.25), abs=0.12)


def test_old_cards_speak_the_other_protocol(old_card):
    lab = old_card.experiment(Tones, "dds0", "dds1", "urukul0_cpld")
    lab.init()
    lab.switch()
    assert len(old_card.timeline.pulses("sw0")) == 1
    with pytest.raises(NotImplementedError):
        old_card.get("dds0").cfg_osk(True)


def test_initialisation_reads_the_chip(card, tones):
    tones.init()
    assert card.core.rtio.errors == []
    assert card.events("dds0") == []  # silent until set


@pytest.mark.parametrize("amplitude", [-0.1, 1.1])
def test_amplitudes_outside_full_scale_are_refused(tones, amplitude):
    with pytest.raises(ValueError, match="amplitude"):
        tones.set(1e6, 0.0, amplitude, PHASE_MODE_CONTINUOUS)


def test_attenuations_outside_the_range_are_refused(tones):
    with pytest.raises(ValueError, match="attenuation"):
        tones.attenuate(40.0)


class Ramps:
    @kernel
    def load(self, data, step, destination, mode):
        self.core.break_realtime()
        self.dds0.set_cfr1(ram_enable=0)
        self.urukul0_cpld.io_update.pulse_mu(8)
        self.urukul0_cpld.set_profile(0, 0)
        self.dds0.set_profile_ram(0, len(data) - 1, step, 0, mode=mode)
        self.urukul0_cpld.io_update.pulse_mu(8)
        delay(1 * us)
        self.dds0.write_ram(data)
        delay(1 * us)
        self.dds0.set(80 * MHz, 0.5, 0.25, ram_destination=destination)
        self.dds0.set_cfr1(ram_enable=1, ram_destination=destination)
        start = now_mu()
        self.urukul0_cpld.io_update.pulse_mu(8)
        return start

    @kernel
    def wait(self, duration):
        self.core.break_realtime()
        delay(duration)
        self.core.wait_until_mu(now_mu())

    @kernel
    def stop(self):
        self.core.break_realtime()
        stop = now_mu()
        self.dds0.set_cfr1(ram_enable=0)
        self.urukul0_cpld.io_update.pulse_mu(8)
        return stop

    @kernel
    def read(self, data):
        self.core.break_realtime()
        self.dds0.read_ram(data)


@pytest.fixture
def ramps(card):
    return card.experiment(Ramps, "dds0", "urukul0_cpld")


def test_an_amplitude_ramp_from_ram(card, ramps):
    levels = [(n + 1) / 16 for n in range(16)]
    data = [0] * 16
    ramps.dds0.amplitude_to_ram(levels[::-1], data)
    start = ramps.load(data, 250, RAM_DEST_ASF, 1)
    ramps.wait(100 * us)
    track = card.timeline.track("dds0", "amplitude")
    ramp = [(time - start, value) for time, value in track if time >= start]
    # 250 steps of four 1 ns clock cycles: one sample per microsecond.
    assert [time for time, _ in ramp] == [1000 * n for n in range(16)]
    assert [value for _, value in ramp] == pytest.approx(levels, abs=1e-4)
    assert card.timeline.value("dds0", "frequency") == pytest.approx(80e6, abs=0.12)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (RAM_MODE_DIRECTSWITCH, [0]),
        (RAM_MODE_CONT_RAMPUP, [0, 1, 2, 3, 0, 1, 2, 3]),
        (RAM_MODE_CONT_BIDIR_RAMP, [0, 1, 2, 3, 2, 1, 0, 1]),
    ],
)
def test_playback_modes(card, ramps, mode, expected):
    data = [0] * 4
    ramps.dds0.frequency_to_ram([4e6, 3e6, 2e6, 1e6], data)
    start = ramps.load(data, 250, RAM_DEST_FTW, mode)
    ramps.wait(20 * us)
    track = card.timeline.track("dds0", "frequency")
    played = [round(value / 1e6) - 1 for time, value in track if time >= start]
    assert played[: len(expected)] == expected
    stop = ramps.stop()
    ramps.wait(50 * us)
    assert card.timeline.track("dds0", "frequency")[-1][0] <= stop + 2 * WRITE32_MU


def test_phases_from_ram(card, ramps):
    data = [0] * 2
    ramps.dds0.turns_to_ram([0.75, 0.25], data)
    ramps.load(data, 250, RAM_DEST_POW, 1)
    ramps.wait(20 * us)
    assert [value for _, value in card.timeline.track("dds0", "phase")][-2:] == [
        0.25,
        0.75,
    ]
    ramps.dds0.turns_amplitude_to_ram([0.125, 0.5], [1.0, 0.0], data)
    ramps.load(data, 250, RAM_DEST_POWASF, 1)
    ramps.wait(20 * us)
    assert card.timeline.value("dds0", "phase") == 0.125
    assert card.timeline.value("dds0", "amplitude") == 1.0


def test_ram_reads_back(card, ramps):
    data = [n * 1000 + 7 for n in range(20)]
    ramps.load(data, 1, RAM_DEST_FTW, RAM_MODE_DIRECTSWITCH)
    got = [0] * 20
    ramps.read(got)
    assert got == data


def test_keying(card):
    class Keyed:
        @kernel
        def run(self):
            self.core.reset()
            self.dds0.set(1 * MHz)
            self.dds0.set_cfr1(osk_enable=1, manual_osk_external=1)
            self.dds0.set_amplitude(0.5)
            self.dds0.io_update.pulse_mu(8)
            self.dds0.cfg_osk(True)
            self.dds0.cfg_osk(False)

    card.experiment(Keyed, "dds0").run()
    levels = [value for _, value in card.timeline.track("dds0", "amplitude")]
    assert levels == pytest.approx([1.0, 0.0, 0.5, 0.0], abs=1e-4)


def test_masked_channels_ignore_the_line(card):
    class Masked:
        @kernel
        def run(self):
            self.core.reset()
            self.dds0.cfg_mask_nu(True)
            self.dds0.set(1 * MHz)
            delay(1 * us)
            self.urukul0_cpld.cfg_io_update(0, True)
            return now_mu()

    end = card.experiment(Masked, "dds0", "urukul0_cpld").run()
    ((time, _),) = card.timeline.track("dds0", "frequency")
    assert end - 10 < time <= end


def test_a_card_without_io_update_line(make_bench, card):
    entries = dict(card.device_db)
    entries["urukul0_cpld"]["arguments"].pop("io_update_device")
    bench = make_bench(entries)

    class Register:
        @kernel
        def run(self):
            self.core.reset()
            self.dds0.cfg_mask_nu(True)
            self.dds0.set(1 * MHz)
            self.dds0.io_update.pulse(1 * us)

    bench.experiment(Register, "dds0").run()
    assert bench.timeline.value("dds0", "frequency") == pytest.approx(1e6, abs=0.12)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("urukul0_cpld", {"proto_rev": 7}, "proto_rev 8 and 9; the device_db says 7"),
        ("dds0", {"pll_n": 40}, "sample clock at most 1e9 Hz; got 4 and 1.25e"),
        ("dds0", {"chip_select": 5}, "dds1 is on the channel of dds0"),
        ("dds0", {"sw_device": "missing"}, "'missing' is missing"),
        ("dds0", {"colour": "red"}, "'dds0' of the device_db is not a ad9910.AD9910"),
    ],
)
def test_a_bad_card_is_refused_by_name(card, name, change, message):
    entries = copy.deepcopy(card.device_db)
    entries[name]["arguments"] |= change
    refusals = Board(entries, card.link).refusals
    assert re.search(message, " ".join(map(str, refusals.values())))
