"""The Urukul card: its CPLD's registers, four attenuators, four DDS chips."""

from __future__ import annotations

from typing import NamedTuple

from ccqed_ctrl.errors import DeviceError

from .ad9910 import RAM, WIDTHS, Ad9910, Emit
from .phy import OutputLine
from .words import bits

CS_CFG, CS_ATT, CS_MULTI, CS_CHANNEL0 = 1, 2, 3, 4
CHANNELS = 4


class Layout(NamedTuple):
    """Bit offsets in the configuration register; None where a revision has none."""

    length: int
    profile_stride: int
    mask_nu: int
    io_update: int
    io_update_stride: int
    osk: int | None
    att_en: int | None
    clk_sel: tuple[int, int]
    sync_sel: int
    clk_div: int
    at_power_up: int


LAYOUTS = {
    8: Layout(24, 0, 13, 12, 0, None, None, (17, 21), 18, 22, 0o7 << 8),
    9: Layout(
        *(52, 3, 36, 32, 1, 20, 47, (40, 44), 41, 45),
        at_power_up=0o7777 << 8 | 0xF << 47,
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
        rf_sw
        | layout.at_power_up
        | bits(clk_sel, 0, 1) << low
        | bits(clk_sel, 1, 1) << high
        | sync_sel << layout.sync_sel
        | clk_div << layout.clk_div
    )


class Urukul:
    """One card on an SPI bus, `protocol` 8 or 9; `clock` in Hz feeds its chips."""

    def __init__(self, protocol: int, config: int, clock: float, emit: Emit) -> None:
        self.clock = clock
        self._protocol = protocol
        self._layout = LAYOUTS[protocol]
        self._config = config
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
        if select == CS_MULTI:
            return self._several(time_mu, word, length, last=last)
        port = self._ports.get(select - CS_CHANNEL0)
        return 0 if port is None else port.transfer(word, length, last=last)

    def _several(self, _time_mu: int, word: int, length: int, *, last: bool) -> int:
        reply = 0
        for index, port in self._ports.items():
            if bits(self._config, self._layout.mask_nu + index, 1):
                reply |= port.transfer(word, length, last=last)
        return reply

    def _configuration(
        self, time_mu: int, word: int, length: int, *, last: bool
    ) -> int:
        value, done = self._shifted
        self._shifted = ((value << length) | word, done + length)
        if last:
            value, done = self._shifted
            self._shifted = (0, 0)
            if done >= self._layout.length:
                self._apply(time_mu, bits(value, 0, self._layout.length))
        return self._status()

    def _status(self) -> int:
        """Return the status register: switches, locked PLLs, protocol revision."""
        switches = sum(
            line.level << index for index, line in self._switches.items()
        ) | bits(self._config, 0, 4)
        return switches | 0xF << 8 | self._protocol << 16

    def _apply(self, time_mu: int, config: int) -> None:
        before, self._config = self._config, config
        layout = self._layout
        for index, chip in self._chips.items():
            on = bool(bits(config, index, 1))
            if on != bool(bits(before, index, 1)):
                self._switch(time_mu, index, on)
            profile = 8 + index * layout.profile_stride
            chip.set_profile(time_mu, bits(config, profile, 3))
            if layout.osk is not None:
                chip.set_osk(time_mu, bool(bits(config, layout.osk + index, 1)))
            offset = layout.io_update + index * layout.io_update_stride
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
        self._reset()

    def _reset(self) -> None:
        self._instruction: int | None = None
        self._value, self._length = 0, 0
        self._words: list[int] = []
        self._replies: list[int] = []

    def transfer(self, word: int, length: int, *, last: bool) -> int:
        if self._instruction is None:
            length -= 8
            self._instruction = word >> length
            word = bits(word, 0, length)
        reply = 0
        if length and self._instruction & 0x80:
            reply = self._read(length)
        elif length:
            self._value, self._length = (self._value << length) | word, length
            self._words.append(word)
        if last:
            self._finish()
        return reply

    def _read(self, length: int) -> int:
        address = self._instruction & 0x7F
        self._length += length
        if address == RAM:
            return self._chip.load_ram(self._length // 32)[-1]
        width = WIDTHS.get(address, 32)
        return bits(self._chip.load(address), width - self._length, length)

    def _finish(self) -> None:
        if self._instruction == RAM:
            self._chip.store_ram(self._words)
        elif not self._instruction & 0x80:
            self._chip.store(self._instruction, self._value)
        self._reset()
