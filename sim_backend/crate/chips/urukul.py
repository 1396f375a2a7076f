"""The Urukul card: its CPLD's registers, four attenuators, four DDS chips."""

from __future__ import annotations

from typing import NamedTuple

from ccqed_ctrl.errors import DeviceError

from .ad9910 import RAM, WIDTHS, Ad9910, Emit
from .phy import OutputLine
from .words import bits

CS_CFG, CS_ATT, CS_DDS_MULTI, CS_DDS_CH0 = 1, 2, 3, 4
CHANNELS = 4

#: Bit offsets in the configuration register of every revision.
RF_SW, PROFILE = 0, 8
#: Bit offsets in the status register.
STA_RF_SW, STA_SMP_ERR, STA_PLL_LOCK, STA_IFC_MODE = 0, 4, 8, 12
STA_PROTO_REV, STA_DROVER = 16, 23


class Layout(NamedTuple):
    """Configuration register of a revision: bit offsets, None for what it lacks.

    `words` are the lengths in which it is sent; profiles and IO_UPDATE that are
    `shared` between the channels have one field instead of four.
    """

    words: tuple[int, ...]
    shared: bool
    io_update: int
    mask_nu: int
    clk_sel: tuple[int, int]
    sync_sel: int
    io_rst: int
    clk_div: int
    osk: int | None = None
    drctl: int | None = None
    drhold: int | None = None
    att_en: int | None = None

    @property
    def at_power_up(self) -> int:
        """Profile 7 everywhere, attenuators enabled."""
        enabled = 0 if self.att_en is None else 0xF << self.att_en
        return (0o7 if self.shared else 0o7777) << PROFILE | enabled

    def clock(self, config: int) -> tuple[int, ...]:
        """Return source and divider of the clock in a configuration."""
        source = tuple(bits(config, offset, 1) for offset in self.clk_sel)
        return *source, bits(config, self.clk_div, 2)


LAYOUTS = {
    8: Layout(
        words=(24,),
        shared=True,
        io_update=12,
        mask_nu=13,
        clk_sel=(17, 21),
        sync_sel=18,
        io_rst=20,
        clk_div=22,
    ),
    9: Layout(
        words=(24, 28),
        shared=False,
        io_update=32,
        mask_nu=36,
        clk_sel=(40, 44),
        sync_sel=41,
        io_rst=43,
        clk_div=45,
        osk=20,
        drctl=24,
        drhold=28,
        att_en=47,
    ),
}


def configuration(
    protocol: int, rf_sw: int, clk_sel: int, sync_sel: int, clk_div: int
) -> int:
    """Return the configuration register that a device_db entry asks for.

    Raises
    ------
    DeviceError
        There is no such protocol revision.
    """
    if protocol not in LAYOUTS:
        known = " and ".join(map(str, LAYOUTS))
        message = f"Urukul speaks proto_rev {known}; the device_db says {protocol}"
        raise DeviceError(message)
    layout = LAYOUTS[protocol]
    low, high = layout.clk_sel
    return (
        rf_sw << RF_SW
        | layout.at_power_up
        | bits(clk_sel, 0, 1) << low
        | bits(clk_sel, 1, 1) << high
        | sync_sel << layout.sync_sel
        | clk_div << layout.clk_div
    )


class Urukul:
    """One card on an SPI bus, `protocol` 8 or 9; `clock` in Hz feeds its chips.

    It comes from the source that `config` names; no other has a clock.
    """

    def __init__(self, protocol: int, config: int, clock: float, emit: Emit) -> None:
        self.clock = clock
        self._protocol = protocol
        self._layout = LAYOUTS[protocol]
        self._config = config
        self._clocked = self._layout.clock(config)
        self._emit = emit
        self._attenuators = 0
        self._shifted = (0, 0)
        self._chips: dict[int, Ad9910] = {}
        self._ports: dict[int, _Port] = {}
        self._switches: dict[int, OutputLine] = {}

    def connect(self, index: int, chip: Ad9910, switch: OutputLine | None) -> None:
        """Put a chip and its RF switch line on channel `index`.

        Raises
        ------
        DeviceError
            Another chip is there.
        """
        if index in self._chips:
            other = self._chips[index].key
            message = f"{chip.key} is on the channel of {other}; correct the device_db"
            raise DeviceError(message)
        self._chips[index] = chip
        self._ports[index] = _Port(chip)
        if switch is not None:
            self._switches[index] = switch

    def play(self, until_mu: int) -> None:
        """Let all chips play up to `until_mu`."""
        for chip in self._chips.values():
            chip.play(until_mu)

    def io_update_line(self, time_mu: int, level: bool) -> None:
        """Follow the shared IO_UPDATE line; masked channels ignore it."""
        for index, chip in self._chips.items():
            if level and not bits(self._config, self._layout.mask_nu + index, 1):
                chip.io_update(time_mu)

    def transfer(
        self, time_mu: int, select: int, word: int, length: int, *, last: bool
    ) -> int:
        """Route one SPI transfer to the register or chip that is selected."""
        if select == CS_CFG:
            return self._configuration(time_mu, word, length, last=last)
        if select == CS_ATT:
            return self._attenuation(time_mu, word, last=last)
        if select == CS_DDS_MULTI:
            return self._several(time_mu, word, length, last=last)
        port = self._ports.get(select - CS_DDS_CH0)
        return 0 if port is None else port.transfer(time_mu, word, length, last=last)

    def _several(self, time_mu: int, word: int, length: int, *, last: bool) -> int:
        reply = 0
        for index, port in self._ports.items():
            if bits(self._config, self._layout.mask_nu + index, 1):
                reply |= port.transfer(time_mu, word, length, last=last)
        return reply

    def _configuration(
        self, time_mu: int, word: int, length: int, *, last: bool
    ) -> int:
        value, done = self._shifted
        self._shifted = ((value << length) | word, done + length)
        if last:
            value, done = self._shifted
            self._shifted = (0, 0)
            whole = sum(self._layout.words)
            if done >= whole:
                self._apply(time_mu, bits(value, 0, whole))
        return self._status(time_mu)

    def _status(self, time_mu: int) -> int:
        """Return the status register; the interface mode is that of AD9910 chips."""
        status = self._protocol << STA_PROTO_REV | bits(self._config, RF_SW, 4)
        if self._layout.clock(self._config) == self._clocked:
            status |= 0xF << STA_PLL_LOCK
        for index, line in self._switches.items():
            status |= line.level << STA_RF_SW + index
        for index, chip in self._chips.items():
            status |= chip.sampling_error << STA_SMP_ERR + index
            status |= chip.ramp_over(time_mu) << STA_DROVER + index
        return status

    def _apply(self, time_mu: int, config: int) -> None:
        before, self._config = self._config, config
        layout = self._layout
        for index, chip in self._chips.items():
            on = bool(bits(config, RF_SW + index, 1))
            if on != bool(bits(before, RF_SW + index, 1)):
                self._switch(time_mu, index, on)
            own = 0 if layout.shared else index
            chip.set_profile(time_mu, bits(config, PROFILE + 3 * own, 3))
            for offset, follow in (
                (layout.osk, chip.set_osk),
                (layout.drctl, chip.set_drctl),
                (layout.drhold, chip.set_drhold),
            ):
                if offset is not None and bits(config ^ before, offset + index, 1):
                    follow(time_mu, bool(bits(config, offset + index, 1)))
            offset = layout.io_update + own
            rising = bits(config, offset, 1) and not bits(before, offset, 1)
            if rising and bits(config, layout.mask_nu + index, 1):
                chip.io_update(time_mu)

    def _switch(self, time_mu: int, index: int, on: bool) -> None:
        line = self._switches.get(index)
        if line is None:
            self._emit(time_mu, self._chips[index].key, "switch", float(on))
        else:
            line.drive(time_mu, "cpld", on)

    def _attenuation(self, time_mu: int, word: int, *, last: bool) -> int:
        before, self._attenuators = self._attenuators, word
        if last:
            for index, chip in self._chips.items():
                code = bits(word, 8 * index, 8)
                enable = self._layout.att_en
                if enable is None or bits(self._config, enable + index, 1):
                    loss = (255 - code) / 8
                    self._emit(time_mu, chip.key, "attenuation", loss)
        return before


class _Port:
    """Serial port of one chip: an instruction byte, then data in either direction."""

    def __init__(self, chip: Ad9910) -> None:
        self._chip = chip
        self._instruction: int | None = None
        self._value, self._done = 0, 0
        self._words: list[int] = []

    def transfer(self, time_mu: int, word: int, length: int, *, last: bool) -> int:
        if self._instruction is None:
            length -= 8
            self._instruction = word >> length
            word = bits(word, 0, length)
        address, reading = self._instruction & 0x7F, self._instruction & 0x80
        reply = 0
        if length and reading:
            reply = self._read(time_mu, address, length)
        elif length:
            self._value = self._value << length | word
            self._words.append(word)
        if last:
            if not reading:
                self._write(address)
            self._instruction, self._words = None, []
            self._value, self._done = 0, 0
        return reply

    def _read(self, time_mu: int, address: int, length: int) -> int:
        done, self._done = self._done, self._done + length
        if address == RAM:
            return self._chip.load_ram(done // 32)
        value = self._chip.load(time_mu, address)
        return bits(value, WIDTHS.get(address, 32) - self._done, length)

    def _write(self, address: int) -> None:
        if address == RAM:
            self._chip.store_ram(self._words)
        else:
            self._chip.store(address, self._value)
