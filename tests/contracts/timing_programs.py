"""Kernels whose every RTIO word is known from ARTIQ's compiler.

The words are in `compiled_timing.json`. Each method of `Programs` that starts with
`program_` is one. They run unchanged in the twin and, through `native`, as compiled
code.
"""

from __future__ import annotations

from artiq.coredevice.ad9910 import (
    PHASE_MODE_ABSOLUTE,
    PHASE_MODE_TRACKING,
    RAM_DEST_ASF,
)
from artiq.experiment import (
    MHz,
    at_mu,
    delay,
    delay_mu,
    interleave,
    kernel,
    ms,
    now_mu,
    ns,
    parallel,
    portable,
    sequential,
    us,
)
from numpy import int32, int64

#: Devices by attribute, and their names in the laboratory's device_db.
DEVICES = {
    "core": "core",
    "a": "ttl4",
    "b": "ttl5",
    "c": "ttl6",
    "line": "ttl0",
    "dds": "urukul0_ch0",
    "other": "urukul0_ch1",
    "card": "urukul0_cpld",
    "dac": "zotino0",
    "adc": "sampler0",
    "counter": "ttl1_counter",
    "dma": "core_dma",
}


@portable
def pulse_train(channel, count):
    for _ in range(count):
        channel.pulse(1 * us)
        delay(1 * us)


@portable
def half(value):
    return value / 2


class Programs:
    kernel_invariants = set(DEVICES)

    def __init__(self, get):
        for attribute, name in DEVICES.items():
            setattr(self, attribute, get(name))
        self.thousand = 1000
        self.minus_seven = -7
        self.one_and_half = 1.5
        self.times = [0.5e-9, 1.5e-9, 2.5e-9, 7e-6, 0.3e-3]
        self.ram = [n << 18 for n in range(8)]

    @kernel
    def mark(self):
        self.a.on()
        delay_mu(8)
        self.a.off()
        delay_mu(8)

    @kernel
    def program_rounding(self):
        at_mu(1000000000)
        for n in range(1, 30):
            delay(n * us)
            self.mark()
            delay(n * ns)
            self.mark()
        delay(7 * ms)
        self.mark()

    @kernel
    def program_rounding_of_halves(self):
        at_mu(1000000000)
        for time in self.times:
            delay(time)
            self.mark()
            delay(-time)
            delay(100 * us)
            self.mark()

    @kernel
    def program_seconds_to_mu(self):
        at_mu(1000000000)
        for n in range(1, 40):
            delay_mu(self.core.seconds_to_mu(n * us))
            self.mark()

    @kernel
    def program_negative_delays(self):
        at_mu(1000000000)
        delay(100 * us)
        self.a.pulse(1 * us)
        delay(-10 * us)
        self.b.pulse(2 * us)
        delay_mu(-500)
        self.c.on()

    @kernel
    def program_at_mu_into_the_past(self):
        at_mu(1000000000)
        start = now_mu()
        delay(50 * us)
        self.a.on()
        at_mu(start - 10000)
        self.b.on()
        at_mu(start + 20000)
        self.c.on()

    @kernel
    def program_loop_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            for _ in range(3):
                self.a.pulse(1 * us)
                delay(1 * us)
            self.b.pulse(4 * us)
        self.c.on()

    @kernel
    def program_while_in_parallel(self):
        at_mu(1000000000)
        n = 0
        with parallel:
            while n < 3:
                self.a.pulse(1 * us)
                delay(500 * ns)
                n += 1
            self.b.pulse(2 * us)
        self.c.on()

    @kernel
    def program_branch_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            if self.thousand == 1000:
                self.a.pulse(1 * us)
                delay(3 * us)
                self.a.pulse(1 * us)
            else:
                self.c.on()
            self.b.pulse(2 * us)
        self.c.on()

    @kernel
    def program_portable_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            pulse_train(self.a, 2)
            self.b.pulse(1 * us)
        self.c.on()

    @kernel
    def program_kernel_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            self.mark()
            self.b.pulse(1 * us)
        self.c.on()

    @kernel
    def program_sequential_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            with sequential:
                self.a.pulse(1 * us)
                delay(1 * us)
                self.a.pulse(1 * us)
            with sequential:
                delay(2 * us)
                self.b.pulse(5 * us)
        self.c.on()

    @kernel
    def program_nested_parallel(self):
        at_mu(1000000000)
        with parallel:
            with sequential:
                delay(1 * us)
                with parallel:
                    self.a.pulse(5 * us)
                    for _ in range(2):
                        self.b.pulse(2 * us)
                        delay(1 * us)
                delay(1 * us)
            with parallel:
                delay(4 * us)
                self.c.pulse(7 * us)
        self.a.on()

    @kernel
    def program_parallel_in_a_loop(self):
        at_mu(1000000000)
        for n in range(3):
            with parallel:
                self.a.pulse((n + 1) * us)
                self.b.pulse(2 * us)
            delay(1 * us)

    @kernel
    def program_parallel_that_ends_before_it_began(self):
        at_mu(1000000000)
        with parallel:
            delay(-2 * us)
            with sequential:
                self.a.on()
                delay(-1 * us)
        self.b.on()

    @kernel
    def program_at_mu_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            at_mu(1000050000)
            self.a.pulse(1 * us)
        self.b.on()

    @kernel
    def program_assignments_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            width = 2 * us
            delay(3 * us)
            self.a.pulse(width)
        self.b.on()

    @kernel
    def program_try_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            try:
                delay(1 * us)
                self.a.pulse(1 * us)
            finally:
                self.a.pulse(1 * us)
            self.b.pulse(1 * us)
        self.c.on()

    @kernel
    def program_break_and_continue(self):
        at_mu(1000000000)
        for n in range(10):
            delay(1 * us)
            if n % 2 == 0:
                continue
            if n > 6:
                break
            self.a.pulse(500 * ns)
        else:
            self.b.on()
        self.c.on()

    @kernel
    def program_integer_division(self):
        at_mu(1000000000)
        self.a.pulse_mu(7 // -2 + 100)
        delay_mu(8)
        self.a.pulse_mu(self.minus_seven // 2 + 100)
        delay_mu(8)
        self.a.pulse_mu(self.minus_seven % 5 + 100)
        delay_mu(8)
        self.a.pulse_mu(self.thousand // 7 + 100)

    @kernel
    def program_integer_wrap(self):
        at_mu(1000000000)
        total = 2147483000
        total += self.thousand
        self.a.pulse_mu((total & 0xFFFF) + 8)
        delay_mu(8)
        shifted = 1 << 31
        self.a.pulse_mu(100 if shifted < 0 else 200)
        delay_mu(8)
        product = self.thousand * 3000000
        self.a.pulse_mu((product & 0xFFFF) + 8)
        delay_mu(8)
        wide = int64(self.thousand) * 3000000
        self.a.pulse_mu((wide & 0xFFFF) + 8)

    @kernel
    def program_rounding_function(self):
        at_mu(1000000000)
        for value in [0.5, 1.5, 2.5, 3.49, -0.5, -1.5, -2.5]:
            self.a.pulse_mu(round(value) + 100)
            delay_mu(8)
        self.a.pulse_mu(round(half(self.one_and_half * 3.0)) + 100)

    @kernel
    def program_conversions(self):
        at_mu(1000000000)
        self.a.pulse_mu(int32(3.9) + 100)
        delay_mu(8)
        self.a.pulse_mu(int(2.5) + 100)
        delay_mu(8)
        self.a.pulse_mu(int64(round(self.one_and_half * 1000)))
        delay_mu(8)
        self.a.pulse_mu(100 if bool(self.thousand) else 50)

    @kernel
    def shifted(self, channel, offset, high=True):
        start = now_mu()
        delay_mu(offset)
        channel.set_o(high)
        return now_mu() - start

    @kernel
    def program_calls_with_keywords(self):
        at_mu(1000000000)
        first = self.shifted(self.a, 40)
        second = self.shifted(self.b, 40, high=False)
        third = self.shifted(self.c, offset=8)
        delay_mu(first + second + third)
        self.a.on()

    @kernel
    def program_devices_in_a_list(self):
        at_mu(1000000000)
        for channel in [self.a, self.b, self.c]:
            channel.pulse(1 * us)
            delay_mu(16)

    @kernel
    def program_exceptions(self):
        at_mu(1000000000)
        try:
            with parallel:
                self.a.pulse(5 * us)
                self.b.pulse(2 * us)
            self.c.pulse(1 * us)
        finally:
            delay(1 * us)
            self.a.on()

    @kernel
    def program_gates(self):
        at_mu(1000000000)
        end = self.line.gate_rising(10 * us)
        at_mu(end + 1000)
        with parallel:
            self.line.gate_both_mu(5000)
            self.a.pulse(2 * us)
        self.line.sample_input()
        delay_mu(8)
        self.line.output()
        delay_mu(8)
        self.line.pulse(1 * us)
        self.line.input()

    @kernel
    def program_edge_counter(self):
        at_mu(1000000000)
        with parallel:
            self.counter.gate_rising(10 * us)
            self.a.pulse(1 * us)
        delay_mu(8)
        end = self.counter.gate_falling_mu(3000)
        at_mu(end + 100)
        self.counter.set_config(True, True, False, True)

    @kernel
    def program_dma(self):
        at_mu(1000000000)
        with self.dma.record("train"):
            for _ in range(3):
                self.a.pulse(1 * us)
                delay(500 * ns)
            delay(-200 * ns)
            self.b.on()
        self.c.on()
        self.dma.playback("train")
        handle = self.dma.get_handle("train")
        self.dma.playback_handle(handle)
        self.c.off()

    @kernel
    def program_dma_of_dds(self):
        at_mu(1000000005)
        with self.dma.record("tone"):
            self.dds.set(80 * MHz, amplitude=0.5)
            self.dds.sw.on()
        self.dma.playback("tone")
        self.a.on()

    @kernel
    def program_dds_continuous(self):
        at_mu(1000000003)
        self.dds.set(80 * MHz, phase=0.25, amplitude=0.5)
        self.a.on()

    @kernel
    def program_dds_tracking(self):
        at_mu(1000000003)
        self.dds.set(201.5 * MHz, phase=0.75, phase_mode=PHASE_MODE_TRACKING)
        delay(17 * us)
        self.other.set(
            80 * MHz, phase=0.3, phase_mode=PHASE_MODE_TRACKING, ref_time_mu=int64(999)
        )

    @kernel
    def program_dds_absolute(self):
        at_mu(1000000003)
        self.dds.set_phase_mode(PHASE_MODE_ABSOLUTE)
        self.dds.set(10 * MHz, phase=0.1)
        self.dds.set(10 * MHz, phase=0.1, ref_time_mu=now_mu())

    @kernel
    def program_dds_in_parallel(self):
        at_mu(1000000000)
        with parallel:
            self.dds.set(80 * MHz)
            with sequential:
                delay(2 * us)
                self.a.pulse(1 * us)
        self.b.on()

    @kernel
    def program_dds_ram(self):
        at_mu(1000000000)
        self.card.set_profile(0, 0)
        self.dds.set_profile_ram(start=0, end=7, step=250, profile=0, mode=1)
        self.card.io_update.pulse_mu(8)
        self.dds.write_ram(self.ram)
        self.dds.set(80 * MHz, ram_destination=RAM_DEST_ASF)
        self.dds.set_cfr1(ram_enable=1, ram_destination=RAM_DEST_ASF)
        self.card.io_update.pulse_mu(8)

    @kernel
    def program_dds_registers(self):
        at_mu(1000000000)
        self.dds.set_frequency(12.5 * MHz)
        self.dds.set_amplitude(0.25)
        self.dds.set_phase(0.125)
        self.dds.set_sync(3, 1)
        self.dds.power_down()
        self.dds.clear_smp_err()

    @kernel
    def program_dds_init(self):
        at_mu(1000000000)
        self.card.init(blind=True)
        self.card.io_rst()

    @kernel
    def program_attenuators_and_switches(self):
        at_mu(1000000000)
        self.dds.set_att(10.0)
        self.other.set_att(31.5)
        self.dds.set_att_mu(0x55)
        self.dds.cfg_sw(True)
        self.card.cfg_switches(0b1010)
        self.dds.cfg_sw(False)
        self.dds.cfg_osk(True)
        self.dds.cfg_mask_nu(True)
        self.card.cfg_att_en_all(0b0101)
        self.card.cfg_io_update(2, True)
        self.card.cfg_drctl_all(3)
        self.dds.cfg_drhold(True)

    @kernel
    def program_dac(self):
        at_mu(1000000000)
        self.dac.set_dac([1.0, -2.0, 3.3], [0, 5, 31])
        delay(10 * us)
        self.dac.write_dac(3, -9.99)
        self.dac.load()
        self.dac.write_gain_mu(1)
        self.dac.write_offset(2, 0.5)
        self.dac.set_leds(0x0F)

    @kernel
    def program_dac_init(self):
        at_mu(1000000000)
        self.dac.init(blind=True)

    @kernel
    def program_adc_setup(self):
        at_mu(1000000000)
        self.adc.init()
        self.adc.set_gain_mu(0, 1)
        self.adc.set_gain_mu(7, 3)


class Refused:
    """What neither the compiler nor the twin accepts."""

    kernel_invariants = {"core", "a", "b"}

    def __init__(self, get):
        self.core, self.a, self.b = get("core"), get("ttl4"), get("ttl5")

    @kernel
    def interleaved(self):
        at_mu(1000000000)
        with interleave:
            self.a.pulse(1 * us)
            self.b.pulse(2 * us)


def programs():
    """Return the programs' names."""
    return sorted(name for name in vars(Programs) if name.startswith("program_"))
