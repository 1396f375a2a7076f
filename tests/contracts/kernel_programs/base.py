"""Laboratory and helpers of the kernel programs."""

# ruff: noqa

from __future__ import annotations

from artiq.experiment import *

GAIN = 1.5
TIMES = [1, 2, 3]
TABLE = {"a": 1}


@portable
def twice(value):
    return 2 * value


@kernel
def pulse(channel, duration=1 * us):
    channel.pulse(duration)


def on_the_host():
    return 1.0


def shown(value) -> TNone:
    del value


class Lamp:
    kernel_invariants = {"ttl"}

    def __init__(self, ttl, level):
        self.ttl = ttl
        self.level = level

    @kernel
    def flash(self):
        self.ttl.pulse(self.level * us)


class Program:
    """The devices of the laboratory; `build` adds what a program needs."""

    kernel_invariants = {"core", "a", "b", "dds", "dac", "adc", "dma", "counter"}

    def __init__(self, get_device):
        self.core = get_device("core")
        self.a = get_device("ttl4")
        self.b = get_device("ttl5")
        self.line = get_device("ttl0")
        self.dds = get_device("urukul0_ch0")
        self.dac = get_device("zotino0")
        self.adc = get_device("sampler0")
        self.dma = get_device("core_dma")
        self.counter = get_device("ttl1_counter")
        self.build()

    def build(self):
        """Add attributes."""

    def measured(self) -> TFloat:
        return 1.0

    def unannotated(self):
        return 1.0

    def set_dataset(self, key, value, unit=None, broadcast=False):
        """Stand for ARTIQ's."""

    def append_to_dataset(self, key, value):
        """Stand for ARTIQ's."""


class Interleaving(Program):
    def build(self):
        self.width = 1e-6
        self.lamp = Lamp(self.a, 1.0)

    @kernel
    def later(self):
        delay(1 * us)

    @kernel
    def shown(self):
        self.a.on()

    @kernel
    def run(self):
        with interleave:
            delay(1 * us)
