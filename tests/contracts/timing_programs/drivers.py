"""Programs about drivers: edges, DMA, DDS, DAC, ADC."""

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
    kernel,
    now_mu,
    ns,
    parallel,
    sequential,
    us,
)
from numpy import int64

from .base import Base


class DevicePrograms(Base):
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
