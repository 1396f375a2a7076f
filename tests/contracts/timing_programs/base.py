"""Devices and helpers of the timing programs."""

from __future__ import annotations

from artiq.experiment import delay, delay_mu, kernel, portable, us

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


class Base:
    """The devices of the programs, and numbers that the compiler cannot foresee."""

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
