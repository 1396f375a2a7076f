"""The AD53xx family of 16-bit DACs on Zotino: registers, LDAC, BUSY."""

from __future__ import annotations

from .ad9910 import Emit
from .words import bits

CS_DAC = 1
CHANNELS = 32
DATA, OFFSET, GAIN = 3, 2, 1
CONTROL, OFS0, OFS1, READ = 1, 2, 3, 5

#: From a write to the new value being ready, mu: a chip a little better than the
#: 1.5 us the data sheet allows (t10), which `set_dac` waits for.
BUSY_MU = 1400


class Ad53xx:
    """One DAC chip; `emit(time_mu, key, "dac{n}", volts)` when an output changes.

    Output = 4 vref (X (M + 1)/2^16 + C - 2^15 - 4 OFS) / 2^16 with data X, gain M and
    offset C of the channel and offset OFS of its group (AD5370 data sheet).
    """

    def __init__(
        self, key: str, select: int, vref: float, *, latched: bool, emit: Emit
    ) -> None:
        self.key = key
        self._select = select
        self._vref = vref
        self._latched = latched
        self._emit = emit
        self._registers = {
            DATA: [0x8000] * CHANNELS,
            OFFSET: [0x8000] * CHANNELS,
            GAIN: [0xFFFF] * CHANNELS,
        }
        self._offsets = [0x2000, 0x2000]
        self._control = 0b0010
        self._changed: dict[int, int] = {}
        self._volts = dict.fromkeys(range(CHANNELS), 0.0)
        self._reply = 0
        self._cleared = False

    def transfer(
        self, time_mu: int, select: int, word: int, length: int, *, last: bool
    ) -> int:
        """Take a 24-bit word; return what the word before asked to read."""
        if select != self._select or length != 24 or not last:
            return 0
        reply, self._reply = self._reply, 0
        mode, channel = bits(word, 22, 2), bits(word, 16, 6) - 8
        if mode == 0:
            self._special(bits(word, 16, 6), bits(word, 0, 16))
        elif 0 <= channel < CHANNELS:
            self._registers[mode][channel] = bits(word, 0, 16)
            self._changed[channel] = time_mu + BUSY_MU
            if not self._latched:
                self._update(time_mu)
        return reply

    def ldac_line(self, time_mu: int, level: bool) -> None:
        """Follow LDAC: low puts what was written on the outputs."""
        self._latched = level
        if not level:
            self._update(time_mu)

    def clr_line(self, time_mu: int, level: bool) -> None:
        """Follow CLR: low grounds all outputs, high restores them."""
        self._cleared = not level
        for channel in range(CHANNELS):
            self._drive(time_mu, channel)

    def _update(self, time_mu: int) -> None:
        for channel, ready_mu in self._changed.items():
            self._drive(max(time_mu, ready_mu), channel)
        self._changed.clear()

    def _drive(self, time_mu: int, channel: int) -> None:
        volts = 0.0 if self._cleared else self._output(channel)
        if volts != self._volts[channel]:
            self._volts[channel] = volts
            self._emit(time_mu, self.key, f"dac{channel}", volts)

    def _output(self, channel: int) -> float:
        data, offset, gain = (
            self._registers[kind][channel] for kind in (DATA, OFFSET, GAIN)
        )
        code = data * (gain + 1) // 0x10000 + offset - 0x8000
        code = min(max(code, 0), 0xFFFF)
        group = self._offsets[0 if channel < 8 else 1]
        return 4 * self._vref * (code - 4 * group) / 0x10000

    def _special(self, function: int, value: int) -> None:
        if function == CONTROL:
            self._control = value
        elif function in {OFS0, OFS1}:
            self._offsets[function - OFS0] = bits(value, 0, 14)
        elif function == READ:
            self._reply = self._read(bits(value, 7, 9))

    def _read(self, address: int) -> int:
        """Return the register at a readback address (table 17)."""
        if address == 0x101:
            return self._control
        if address in {0x102, 0x103}:
            return self._offsets[address - 0x102]
        kind = {0: DATA, 2: OFFSET, 3: GAIN}.get(address >> 6)
        channel = bits(address, 0, 6) - 8
        if kind is None or not 0 <= channel < CHANNELS:
            return 0
        return self._registers[kind][channel]
