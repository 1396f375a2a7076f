"""How the chips of each kind of device are put on a board, from its description.

Each builder takes the arguments that the device database gives the driver, and fails as
a call with wrong arguments does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ccqed_ctrl.errors import DeviceError

from .chips import ad53xx, ad9910, i2c, sampler, spi
from .chips.fastino import FastinoFrames
from .chips.grabber import RegionGate, Regions
from .chips.phy import OutputLine
from .chips.ttl import BidirectionalLine, ClockLine, EdgeCounterGate
from .chips.urukul import Urukul, configuration
from .chips.words import signed32
from .rtio import Rtio

#: Whatever stands for a device on the board.
Chip = Any


class Board(Protocol):
    """What a builder asks of the board (`board.Board`)."""

    link: Any
    rtio: Rtio
    ref_period: float

    def chip(self, name: str) -> Chip:
        """Return the chip of another device."""

    def claim(self, key: str, channel: int) -> None:
        """Take an RTIO channel."""

    def bus(self, number: int) -> i2c.I2cBus:
        """Return an I2C bus."""


#: Branch of the two bus switches for each connector of a Kasli.
PORTS = {
    f"EEM{number}": branch
    for number, branch in enumerate((7, 5, 4, 3, 2, 1, 0, 6, 12, 13, 15, 14))
} | {"SFP0": 8, "SFP1": 9, "SFP2": 10, "LOC0": 11}


def _line(board: Board, key: str, channel: int, core_device: str = "core") -> Chip:
    del core_device
    board.claim(key, channel)
    line = OutputLine(key, board.link.output)
    board.rtio.connect(channel, line)
    return line


def _bidirectional(
    board: Board,
    key: str,
    channel: int,
    gate_latency_mu: int | None = None,
    core_device: str = "core",
) -> Chip:
    del gate_latency_mu, core_device
    board.claim(key, channel)
    rtio, link = board.rtio, board.link
    line = BidirectionalLine(
        key, channel, link.output, rtio.push_input, link.edges, rtio.observe
    )
    rtio.connect(channel, line)
    rtio.add_gate(line)
    return line


def _clock(
    board: Board,
    key: str,
    channel: int,
    acc_width: int = 24,
    core_device: str = "core",
) -> Chip:
    del core_device
    board.claim(key, channel)
    step = 1 / (board.rtio.multiplier * board.ref_period)

    def frequency(ftw: int) -> float:
        return ftw * step / (1 << acc_width)

    line = ClockLine(key, board.link.output, frequency)
    board.rtio.connect(channel, line)
    return line


def _edge_counter(
    board: Board,
    key: str,
    channel: int,
    gateware_width: int = 31,
    core_device: str = "core",
) -> Chip:
    del core_device
    board.claim(key, channel)
    rtio, maximum = board.rtio, (1 << (gateware_width - 1)) - 1
    gate = EdgeCounterGate(key, channel, maximum, rtio.push_input, board.link.edges)
    rtio.connect(channel, gate)
    rtio.add_gate(gate)
    return gate


def _spi_bus(
    board: Board,
    key: str,
    channel: int,
    div: int = 0,
    length: int = 0,
    core_device: str = "core",
) -> Chip:
    del div, length, core_device
    board.claim(key, channel)
    rtio = board.rtio
    bus = spi.SpiBus(key, channel, rtio.multiplier, rtio.push_input, rtio.busy)
    rtio.connect(channel, bus)
    return bus


def _urukul(
    board: Board,
    key: str,
    spi_device: str,
    io_update_device: str | None = None,
    dds_reset_device: str | None = None,
    sync_device: str | None = None,
    sync_sel: int = 0,
    clk_sel: int = 0,
    clk_div: int = 0,
    rf_sw: int = 0,
    refclk: float = 125e6,
    att: int = 0,
    sync_div: int | None = None,
    proto_rev: int = 9,
    core_device: str = "core",
) -> Chip:
    del key, dds_reset_device, sync_device, att, sync_div, core_device
    config = configuration(proto_rev, rf_sw, clk_sel, sync_sel, clk_div)
    clock = refclk / [4, 1, 2, 4][clk_div]
    card = Urukul(proto_rev, config, clock, board.link.output)
    board.chip(spi_device).attach(card)
    board.rtio.add_player(card)
    if io_update_device:
        board.chip(io_update_device).listen(card.io_update_line)
    return card


def _ad9910(
    board: Board,
    key: str,
    chip_select: int,
    cpld_device: str,
    sw_device: str | None = None,
    pll_n: int = 40,
    pll_cp: int = 7,
    pll_vco: int = 5,
    sync_delay_seed: int | str = -1,
    io_update_delay: int | str = 0,
    pll_en: int = 1,
) -> Chip:
    del pll_cp, pll_vco, sync_delay_seed, io_update_delay
    card: Urukul = board.chip(cpld_device)
    sysclk = card.clock * pll_n if pll_en else card.clock
    if not 3 <= chip_select <= 7 or sysclk > 1e9:
        message = (
            f"AD9910 on {cpld_device}: chip_select must be 3..7 and the sample "
            f"clock at most 1e9 Hz; got {chip_select} and {sysclk:g} Hz"
        )
        raise DeviceError(message)
    if chip_select == 3:
        return card  # addresses the card's channels together
    chip = ad9910.Ad9910(key, sysclk, board.ref_period, board.link.output)
    card.connect(chip_select - 4, chip, board.chip(sw_device) if sw_device else None)
    return chip


def _ad53xx(
    board: Board,
    key: str,
    spi_device: str,
    ldac_device: str | None = None,
    clr_device: str | None = None,
    chip_select: int = 1,
    div_write: int = 4,
    div_read: int = 16,
    vref: float = 5.0,
    offset_dacs: int = 8192,
    core: str = "core",
) -> Chip:
    del div_read, offset_dacs, core
    bus: spi.SpiBus = board.chip(spi_device)
    latched, emit = ldac_device is not None, board.link.output
    chip = ad53xx.Ad53xx(key, chip_select, vref, latched=latched, emit=emit)
    bus.attach(chip)
    bus.preset(spi.END | spi.CLOCK_PHASE, 24, div_write, chip_select)
    for device, follow in ((ldac_device, chip.ldac_line), (clr_device, chip.clr_line)):
        if device is not None:
            line: OutputLine = board.chip(device)
            line.preset(True)
            line.listen(follow)
    return chip


def _zotino(
    board: Board, key: str, spi_device: str, vref: float = 5.0, **arguments: Any
) -> Chip:
    del vref  # ARTIQ's driver ignores it too: the reference is soldered
    return _ad53xx(board, key, spi_device, **arguments)


def _sampler(
    board: Board,
    key: str,
    spi_adc_device: str,
    spi_pgia_device: str,
    cnv_device: str,
    div: int = 8,
    gains: int = 0,
    hw_rev: str = "v2.2",
    core_device: str = "core",
) -> Chip:
    del core_device
    span = sampler.SPAN_V21 if hw_rev == "v2.1" else sampler.SPAN
    card = sampler.Sampler(key, gains, span, board.rtio.observe)
    samples: spi.SpiBus = board.chip(spi_adc_device)
    samples.attach(sampler.AdcPort(card))
    samples.preset(spi.INPUT | spi.END, 32, div, 0)
    amplifiers: spi.SpiBus = board.chip(spi_pgia_device)
    amplifiers.attach(sampler.AmplifierPort(card))
    amplifiers.preset(spi.END, 16, div, sampler.CS_AMPLIFIERS)
    board.chip(cnv_device).listen(card.cnv_line)
    return card


def _fastino(
    board: Board,
    key: str,
    channel: int,
    core_device: str = "core",
    log2_width: int = 0,
) -> Chip:
    del core_device
    board.claim(key, channel)
    frames = FastinoFrames(key, 1 << log2_width, board.link.output)
    board.rtio.connect(channel, frames)
    return frames


def _grabber(
    board: Board,
    key: str,
    channel_base: int,
    res_width: int = 12,
    count_shift: int = 0,
    core_device: str = "core",
) -> Chip:
    del core_device
    board.claim(key, channel_base)
    board.claim(key, channel_base + 1)
    rtio, regions = board.rtio, Regions(key)
    sentinel = signed32(1 << min(31, 2 * res_width + 16 - count_shift))
    gate = RegionGate(
        key,
        channel_base + 1,
        regions,
        sentinel,
        count_shift,
        rtio.push_input,
        board.link.frames,
    )
    rtio.connect(channel_base, regions)
    rtio.connect(channel_base + 1, gate)
    rtio.add_gate(gate)
    return gate


def _i2c_switch(
    board: Board,
    key: str,
    busno: int = 0,
    address: int = 0xE8,
    core_device: str = "core",
) -> Chip:
    del key, core_device
    board.bus(busno).add_switch(address >> 1)
    return address >> 1


def _eeprom(
    board: Board,
    key: str,
    port: str,
    address: int = 0xA0,
    busno: int = 0,
    core_device: str = "core",
    sw0_device: str = "i2c_switch0",
    sw1_device: str = "i2c_switch1",
) -> Chip:
    del key, core_device
    switch = board.chip(sw0_device if PORTS[port] < 8 else sw1_device)
    memory = i2c.Eeprom(address, (switch, PORTS[port] % 8))
    board.bus(busno).add(memory)
    return memory


def _expander(
    kind: Callable[[int, Callable[[int], None]], Chip], default: int
) -> Callable[..., Chip]:
    def build(
        board: Board,
        key: str,
        busno: int = 0,
        address: int = default,
        core_device: str = "core",
    ) -> Chip:
        del core_device

        def changed(pins: int) -> None:
            board.link.output(board.rtio.counter, key, "pins", float(pins))

        chip = kind(address, changed)
        board.bus(busno).add(chip)
        return chip

    return build


#: Builder by ``module.Class`` of `artiq.coredevice`.
BUILDERS: dict[str, Callable[..., Chip]] = {
    "ad53xx.AD53xx": _ad53xx,
    "ad9910.AD9910": _ad9910,
    "edge_counter.EdgeCounter": _edge_counter,
    "fastino.Fastino": _fastino,
    "grabber.Grabber": _grabber,
    "i2c.I2CSwitch": _i2c_switch,
    "i2c.PCF8574A": _expander(i2c.Pcf8574a, 0x7C),
    "i2c.TCA6424A": _expander(i2c.Tca6424a, 0x44),
    "kasli_i2c.KasliEEPROM": _eeprom,
    "sampler.Sampler": _sampler,
    "spi2.SPIMaster": _spi_bus,
    "ttl.TTLClockGen": _clock,
    "ttl.TTLInOut": _bidirectional,
    "ttl.TTLOut": _line,
    "urukul.CPLD": _urukul,
    "zotino.Zotino": _zotino,
}
