"""Zotino and Sampler: words to volts, volts to words, and when."""

from __future__ import annotations

import pytest
from artiq.experiment import delay, kernel, ms, now_mu, us
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim_backend.crate.drivers.ad53xx import voltage_to_mu
from sim_backend.crate.drivers.sampler import adc_mu_to_volt

#: One 24-bit word at a quarter of the coarse clock.
WORD_MU = ((24 + 1) * 4 + 1) * 8
LSB = 20 / 2**16


class Outputs:
    @kernel
    def init(self):
        self.core.reset()
        self.zotino.init()

    @kernel
    def set(self, volts, channels):
        self.core.break_realtime()
        delay(1 * ms)
        start = now_mu()
        self.zotino.set_dac(volts, channels)
        return start, now_mu() - start

    @kernel
    def write(self, channel, volts):
        self.core.break_realtime()
        start = now_mu()
        self.zotino.write_dac(channel, volts)
        middle = now_mu()
        self.zotino.load()
        return middle - start, now_mu() - middle

    @kernel
    def clear(self):
        self.core.break_realtime()
        self.zotino.clr.off()
        delay(1 * us)
        self.zotino.clr.on()

    @kernel
    def trim(self):
        self.core.break_realtime()
        self.zotino.write_offset_mu(0, 0x8000 - 100)
        self.zotino.write_gain_mu(0, 0x7FFF)
        self.zotino.load()

    @kernel
    def leds(self):
        self.core.break_realtime()
        self.zotino.set_leds(0x55)
        self.zotino.write_dac(1, 1.0)
        self.zotino.load()


@pytest.fixture
def outputs(analog):
    return analog.experiment(Outputs, "zotino")


def test_set_dac_acts_at_the_cursor_and_does_not_move_it(analog, outputs):
    start, moved = outputs.set([1.0, -2.5, 9.9], [0, 3, 31])
    assert moved == 0
    for channel, volts in ((0, 1.0), (3, -2.5), (31, 9.9)):
        ((time, value),) = analog.timeline.track("zotino", f"dac{channel}")
        assert time == start
        assert value == pytest.approx(volts, abs=LSB / 2)


def test_write_and_load_advance_by_a_word_and_two_cycles(analog, outputs):
    assert outputs.write(0, 3.3) == (WORD_MU, 16)
    assert analog.timeline.value("zotino", "dac0") == pytest.approx(3.3, abs=LSB / 2)


def test_the_chip_answers(analog, outputs):
    outputs.init()
    assert analog.core.rtio.errors == []


def test_clearing_grounds_and_restores(analog, outputs):
    outputs.set([5.0], [2])
    outputs.clear()
    levels = [value for _, value in analog.timeline.track("zotino", "dac2")]
    assert levels == [5.0, 0.0, 5.0]


def test_trim_registers(analog, outputs):
    outputs.set([5.0], [0])
    outputs.trim()
    code = 0xC000 * 0x8000 // 0x10000 - 100
    expected = 20 * (code - 0x8000) / 2**16
    assert analog.timeline.value("zotino", "dac0") == pytest.approx(expected)


def test_leds_do_not_disturb_the_outputs(analog, outputs):
    outputs.leds()
    assert analog.timeline.value("zotino", "dac1") == pytest.approx(1.0, abs=LSB)


def test_calibration_takes_only_errors_it_can_trim(analog, outputs):
    with pytest.raises(ValueError, match="voltage"):
        outputs.zotino.calibrate(0, -10.5, 9.9)
    with pytest.raises(ValueError, match="negative offsets"):
        outputs.zotino.calibrate(0, -9.9, 9.0)
    with pytest.raises(ValueError, match="voltage"):
        outputs.write(0, 10.5)


@given(st.floats(-10, 9.999))
def test_voltage_words_are_the_nearest(volts):
    assert abs(20 * (voltage_to_mu(volts) - 0x8000) / 2**16 - volts) <= LSB / 2 + 1e-12


class Inputs:
    @kernel
    def sample(self, data):
        self.core.break_realtime()
        start = now_mu()
        self.sampler.sample(data)
        return now_mu() - start

    @kernel
    def gain(self, channel, gain):
        self.core.break_realtime()
        self.sampler.init()
        self.sampler.set_gain_mu(channel, gain)
        delay(10 * us)
        return self.sampler.get_gains_mu()


@pytest.fixture
def inputs(analog):
    lab = analog.experiment(Inputs, "sampler")
    lab.plant = analog.plant
    return lab


def test_all_channels_in_order(inputs):
    for n in range(8):
        inputs.plant.script(f"sampler.adc{n}", [(0, n - 4.0)])
    data = [0.0] * 8
    # 30 ns and 450 ns, then four words of 32 bits at an eighth of the coarse clock.
    assert inputs.sample(data) == 480 + 4 * ((32 + 1) * 8 + 1) * 8
    assert data == pytest.approx([n - 4.0 for n in range(8)], abs=20.48 / 2**17)
    short = [0.0] * 2
    inputs.sample(short)
    assert short == pytest.approx([2.0, 3.0], abs=20.48 / 2**17)


def test_gains_resolve_and_clip(inputs):
    inputs.plant.script("sampler.adc3", [(0, 0.012345)])
    inputs.plant.script("sampler.adc2", [(0, 5.0)])
    assert inputs.gain(3, 2) == 2 << 6
    inputs.gain(2, 1)
    data = [0.0] * 8
    inputs.sample(data)
    assert data[3] == pytest.approx(0.012345, abs=0.2048 / 2**16)
    assert data[2] == pytest.approx(1.024, abs=1e-4)  # clipped at full scale


def test_a_sample_sees_the_plant_at_its_time(analog, inputs):
    times = []
    inputs.plant.inputs["sampler", "adc0"] = lambda time: times.append(time) or 0.0
    inputs.sample([0.0] * 2)
    assert times == [analog.timeline.pulses("cnv")[0][0]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(volts=st.floats(-10.2, 10.2))
def test_volts_survive_the_converter(inputs, volts):
    inputs.plant.script("sampler.adc7", [(0, volts)])
    data = [0.0] * 2
    inputs.sample(data)
    assert data[1] == pytest.approx(volts, abs=20.48 / 2**17 + 1e-12)


def test_an_unknown_gain_is_refused():
    with pytest.raises(ValueError, match="gain"):
        adc_mu_to_volt(1, gain=4)
    assert adc_mu_to_volt(1 << 15, 1, corrected_fs=False) == pytest.approx(1.0)
