"""The I2C bus: switches and their branches, memories and their pages, expanders."""

from __future__ import annotations

import pytest
from artiq.coredevice.exceptions import I2CError
from artiq.experiment import kernel

from ccqed_ctrl.errors import DeviceError
from sim_backend.crate.board import Board
from sim_backend.crate.chips.i2c import ERASED, PAGE, SIZE

SWITCHES = (0xE0, 0xE2)
MEMORY, PINS8, PINS24 = 0xA0, 0x7C, 0x44


@pytest.fixture
def crate(make_bench, local):
    """Two memories at one address on branches of two switches, and two expanders."""
    return make_bench(
        {
            **{
                f"i2c_switch{n}": local("i2c", "I2CSwitch", address=address)
                for n, address in enumerate(SWITCHES)
            },
            "near": local("kasli_i2c", "KasliEEPROM", port="EEM1"),
            "far": local("kasli_i2c", "KasliEEPROM", port="EEM9"),
            "lamps": local("i2c", "PCF8574A"),
            "relays": local("i2c", "TCA6424A"),
        }
    )


@pytest.fixture
def bus(crate):
    return crate.core.board.bus(0)


def send(bus, *data):
    """Send bytes in one transfer; return whether each was acknowledged."""
    bus.start()
    taken = [bus.write(byte) for byte in data]
    bus.stop()
    return taken


def receive(bus, address, count, *place):
    """Read bytes, from a place if there is one."""
    bus.start()
    if place:
        assert [bus.write(byte) for byte in (address, *place)] == [True, True]
        bus.start()
    assert bus.write(address | 1)
    data = [bus.read() for _ in range(count)]
    bus.stop()
    return data


class Memories:
    @kernel
    def store(self):
        self.near.write_i32(64, -2)
        self.far.write_i32(64, 0x12345678)
        return self.near.read_i32(64), self.far.read_i32(64), self.far.read_i32(68)


def test_memories_on_two_branches_share_an_address(crate, bus):
    lab = crate.experiment(Memories, "near", "far")
    assert lab.store() == (-2, 0x12345678, -1)  # -1: erased
    assert send(bus, MEMORY) == [False]  # the driver disconnects them again


def test_a_switch_connects_and_reads_back_its_ports(crate, bus):
    crate.get("near").write_i32(0, 0x01020304)
    crate.get("i2c_switch0").set(crate.get("near").port)
    assert receive(bus, SWITCHES[0], 1) == [1 << crate.get("near").port]
    assert receive(bus, MEMORY, 4, 0) == [1, 2, 3, 4]
    assert send(bus, SWITCHES[0], 0) == [True, True]
    assert send(bus, MEMORY) == [False]


def test_both_memories_drive_lines_that_a_zero_wins(crate, bus):
    crate.get("near").write_i32(0, 0x0F0F0F0F)
    crate.get("far").write_i32(0, 0x3C3C3C3C)
    crate.get("i2c_switch0").set(crate.get("near").port)
    crate.get("i2c_switch1").set(crate.get("far").port - 8)
    assert receive(bus, MEMORY, 1, 0) == [0x0F & 0x3C]


def test_a_page_of_the_memory_wraps_and_reading_does_not(crate, bus):
    crate.get("i2c_switch0").set(crate.get("near").port)
    last = SIZE - 2
    send(bus, MEMORY, last, *range(1, PAGE + 1))  # two bytes to the end, then its start
    assert receive(bus, MEMORY, PAGE, SIZE - PAGE) == [3, 4, 5, 6, 7, 8, 1, 2]
    assert receive(bus, MEMORY, 3, SIZE - 1) == [2, ERASED, ERASED]


def test_lines_that_nobody_pulls_are_high(bus):
    bus.start()
    assert not bus.write(0x10)
    assert bus.read() == 0xFF


class Expanders:
    @kernel
    def light(self, pins):
        self.lamps.set(pins)
        return self.lamps.get()

    @kernel
    def switch(self, levels):
        self.relays.set(levels)


def test_eight_pins(crate):
    lab = crate.experiment(Expanders, "lamps", "relays")
    assert lab.light(0x5A) == 0x5A
    assert crate.timeline.value("lamps", "pins") == 0x5A


def test_twenty_four_pins(crate, bus):
    lab = crate.experiment(Expanders, "lamps", "relays")
    assert receive(bus, PINS24, 3, 0x80) == [0xFF] * 3  # inputs, which nothing pulls
    lab.switch(0x123456)
    assert crate.timeline.value("relays", "pins") == 0x123456
    assert receive(bus, PINS24, 3, 0x80) == [0x56, 0x34, 0x12]
    assert receive(bus, PINS24, 2, 0x05) == [0x34, 0x34]  # without auto-increment


def test_every_transfer_costs_the_cpu_its_time(crate, bus):
    before = crate.core.rtio.counter
    send(bus, PINS8, 0)
    assert crate.core.rtio.counter - before == crate.core.costs.i2c / 1e-9


def test_what_does_not_answer_is_an_error(make_bench, local):
    bench = make_bench({"lamps": local("i2c", "PCF8574A", address=0x70)})
    elsewhere = bench.get("lamps")
    elsewhere.address = 0x72
    for ask in (elsewhere.get, lambda: elsewhere.set(1)):
        with pytest.raises(I2CError, match="failed to ack address"):
            ask()


def test_a_memory_without_its_switches_is_refused(crate):
    entries = {
        key: value for key, value in crate.device_db.items() if "switch" not in key
    }
    refusals = Board(entries, crate.link).refusals
    assert set(refusals) == {"near", "far"}
    assert isinstance(refusals["near"], DeviceError)
    assert "i2c_switch0" in str(refusals["near"])
    assert "i2c_switch1" in str(refusals["far"])
