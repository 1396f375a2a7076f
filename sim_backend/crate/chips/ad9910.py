"""The AD9910 chip: registers, single tones, RAM playback.

Register meanings are those of Analog Devices' data sheet (rev. E, tables 17 to 34).
`phase` is reported as the phase offset of a coherent tone referred to RTIO time zero,
`phi(t) = phase + frequency * t` with the set-up latency of `AD9910.set_mu` taken out:
what PHASE_MODE_TRACKING was asked for. Of a tone whose accumulator runs on it is the
offset word alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from ccqed_ctrl.errors import DeviceError

from .words import bits

logger = logging.getLogger(__name__)

CFR1, CFR2, CFR3, AUX_DAC = 0x00, 0x01, 0x02, 0x03
FTW, POW, ASF = 0x07, 0x08, 0x09
PROFILE0, RAM = 0x0E, 0x16
RAM_WORDS = 1024

#: Bits per register; the profiles have 64.
WIDTHS = {0x07: 32, 0x08: 16, 0x09: 32, 0x0B: 64, 0x0C: 64} | dict.fromkeys(
    range(PROFILE0, PROFILE0 + 8), 64
)

#: From `now_mu()` in set_mu to the IO_UPDATE: three configurations, three words.
SETUP_LATENCY_MU = 3 * 8 + 152 + 536 + 536

FULL_SCALE = 0x3FFF
DIRECT, RAMP_UP, BIDIRECTIONAL, CONTINUOUS_BIDIRECTIONAL, CONTINUOUS = range(5)
TO_FREQUENCY, TO_PHASE, TO_AMPLITUDE, TO_PHASE_AMPLITUDE = range(4)

Emit = Callable[[int, str, str, float], None]


class Ad9910:
    """One DDS chip, initialised and silent; `emit(time_mu, key, signal, value)`.

    `sysclk` in Hz; `sysclk_per_mu` sample clock cycles per machine unit.
    """

    def __init__(self, key: str, sysclk: float, sysclk_per_mu: int, emit: Emit) -> None:
        self.key = key
        self._sysclk = sysclk
        self._per_mu = sysclk_per_mu
        self._emit = emit
        self._active = {CFR1: 2, CFR2: 0x01010000, CFR3: 0x1F3FC000, AUX_DAC: 0x7F}
        self._staged: dict[int, int] = {}
        self._ram = [0] * RAM_WORDS
        self._profile = 7
        self._osk_pin = False
        self._coherent = False
        self._reference_mu = 0
        self._sent: dict[str, float] = {}
        self._playback: Iterator[tuple[int, int]] | None = None
        self._upcoming: tuple[int, int] | None = None
        self._sample = 0

    # Serial port

    def store(self, address: int, value: int) -> None:
        """Write a register; it acts at the next IO_UPDATE."""
        self._staged[address] = value

    def store_ram(self, words: list[int]) -> None:
        """Write RAM from the start address of the selected profile on.

        Laboratory lore says that the first word written is the last one played; the
        data sheet does not say so plainly. Compare on hardware before relying on it.
        """
        start = bits(self._register(PROFILE0 + self._profile), 14, 10)
        for index, word in enumerate(words):
            self._ram[(start + index) % RAM_WORDS] = word

    def load(self, address: int) -> int:
        """Read a register back as it was written."""
        return self._staged.get(address, self._register(address))

    def load_ram(self, count: int) -> list[int]:
        """Read RAM from the start address of the selected profile on."""
        start = bits(self._register(PROFILE0 + self._profile), 14, 10)
        return [self._ram[(start + index) % RAM_WORDS] for index in range(count)]

    # Pins

    def io_update(self, time_mu: int) -> None:
        """Make everything written so far act."""
        self.play(time_mu)
        tuned = any(address in self._staged for address in self._tuning())
        self._active |= self._staged
        self._staged.clear()
        if self._active[CFR2] >> 19 & 1:
            message = f"{self.key}: the digital ramp generator is not simulated"
            raise DeviceError(message)
        if bits(self._active[CFR1], 13, 1) or bits(self._active[CFR1], 11, 1):
            self._coherent = True
            self._reference_mu = time_mu - SETUP_LATENCY_MU
        elif tuned:
            self._coherent = False
        self._restart(time_mu)

    def set_profile(self, time_mu: int, profile: int) -> None:
        """Select a profile by its pins; acts at once."""
        if profile != self._profile:
            self.play(time_mu)
            self._profile = profile
            self._restart(time_mu)

    def set_osk(self, time_mu: int, high: bool) -> None:
        """Set the pin for on-off keying."""
        if high != self._osk_pin:
            self._osk_pin = high
            self._send(time_mu)

    # Output

    def play(self, until_mu: int) -> None:
        """Emit the RAM's samples up to `until_mu`."""
        while self._upcoming is not None and self._upcoming[0] <= until_mu:
            time_mu, self._sample = self._upcoming
            self._send(time_mu)
            self._upcoming = next(self._playback, None) if self._playback else None

    def _restart(self, time_mu: int) -> None:
        """Start over with the present registers: tone, or RAM from its start."""
        self._playback, self._upcoming = None, None
        if self._ram_enabled():
            self._playback = self._samples(time_mu)
            self._upcoming = next(self._playback)
            self.play(time_mu)
        elif self._written():
            self._send(time_mu)

    def _samples(self, start_mu: int) -> Iterator[tuple[int, int]]:
        """Yield (time_mu, RAM word) of the selected profile."""
        control = self._register(PROFILE0 + self._profile)
        first, last = bits(control, 14, 10), bits(control, 30, 10)
        mode = bits(control, 0, 3)
        period_mu = 4 * bits(control, 40, 16) / self._per_mu
        for step, address in enumerate(_addresses(mode, first, last)):
            yield start_mu + round(step * period_mu), self._ram[address]

    def _send(self, time_mu: int) -> None:
        tuning, offset, scale = self._tone()
        phase = offset
        if self._coherent:
            turned = tuning * self._per_mu * self._reference_mu
            phase = -((turned - (offset << 16)) // 0x10000) % 0x10000
        for signal, value in (
            ("frequency", tuning * self._sysclk / 2**32),
            ("phase", phase / 0x10000),
            ("coherent", float(self._coherent)),
            ("amplitude", scale / FULL_SCALE),
        ):
            if self._sent.get(signal) != value:
                self._sent[signal] = value
                self._emit(time_mu, self.key, signal, value)

    def _tone(self) -> tuple[int, int, int]:
        """Return tuning word, offset word and amplitude scale by source priority."""
        profile = self._register(PROFILE0 + self._profile)
        if not self._ram_enabled():
            scale = FULL_SCALE
            if bits(self._active[CFR2], 24, 1):
                scale = bits(profile, 48, 14)
            return bits(profile, 0, 32), bits(profile, 32, 16), self._keyed(scale)
        tuning, offset = self._register(FTW), self._register(POW)
        scale = self._keyed(FULL_SCALE)
        destination = bits(self._active[CFR1], 29, 2)
        if destination == TO_FREQUENCY:
            tuning = self._sample
        elif destination == TO_PHASE:
            offset = bits(self._sample, 16, 16)
        elif destination == TO_AMPLITUDE:
            scale = bits(self._sample, 18, 14)
        else:
            offset, scale = bits(self._sample, 16, 16), bits(self._sample, 2, 14)
        return tuning, offset, scale

    def _keyed(self, scale: int) -> int:
        """Return the amplitude scale after manual on-off keying."""
        control = self._active[CFR1]
        if not bits(control, 9, 1):
            return scale
        if bits(control, 23, 1) and not self._osk_pin:
            return 0
        return bits(self._register(ASF), 2, 14)

    def _ram_enabled(self) -> bool:
        return bool(bits(self._active[CFR1], 31, 1))

    def _written(self) -> bool:
        return PROFILE0 + self._profile in self._active

    def _tuning(self) -> tuple[int, ...]:
        return (FTW, POW) if self._ram_enabled() else (PROFILE0 + self._profile,)

    def _register(self, address: int) -> int:
        return self._active.get(address, 0)


def _addresses(mode: int, first: int, last: int) -> Iterator[int]:
    """Yield the RAM addresses of a playback mode, for ever if it is continuous."""
    up = range(first, last + 1)
    if mode == DIRECT:
        yield first
    elif mode == RAMP_UP:
        yield from up
    elif mode == CONTINUOUS:
        while True:
            yield from up
    elif mode == CONTINUOUS_BIDIRECTIONAL:
        while True:
            yield from up
            yield from range(last - 1, first, -1)
    else:
        message = f"AD9910 RAM mode {mode} is not simulated"
        raise DeviceError(message)
