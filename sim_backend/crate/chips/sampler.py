"""The Sampler card: amplifiers, sample and hold, the converter's serial output."""

from __future__ import annotations

from collections.abc import Callable

from .words import bits

CHANNELS = 8
CS_AMPLIFIERS = 1
RESOLUTION = 1 << 16

#: Full span in V at unit gain, with and without the correction of later cards.
SPAN, SPAN_V21 = 20.48, 20.0


class Sampler:
    """Eight channels, held at each rising edge of CNV.

    `observe(key, "adc{n}", time_mu)` gives the voltage at an input.
    """

    def __init__(
        self,
        key: str,
        gains: int,
        span: float,
        observe: Callable[[str, str, int], float],
    ) -> None:
        self.key = key
        self._gains = gains
        self._span = span
        self._observe = observe
        self._held: list[int] = [0] * CHANNELS
        self._shifted = 0

    def cnv_line(self, time_mu: int, level: bool) -> None:
        """Follow CNV: rising converts all channels."""
        if not level:
            return
        self._shifted = 0
        self._held = [
            self._convert(channel, self._observe(self.key, f"adc{channel}", time_mu))
            for channel in range(CHANNELS)
        ]

    def _convert(self, channel: int, volts: float) -> int:
        gain: int = 10 ** bits(self._gains, 2 * channel, 2)
        code = round(volts * gain * RESOLUTION / self._span)
        return min(max(code, -RESOLUTION // 2), RESOLUTION // 2 - 1)

    def shift_out(self) -> int:
        """Return the next two channels as one 32-bit word, the highest first."""
        index = CHANNELS - 1 - 2 * self._shifted
        self._shifted += 1
        if index < 0:
            return 0
        high, low = self._held[index], self._held[index - 1]
        return (high & 0xFFFF) << 16 | low & 0xFFFF

    def set_gains(self, gains: int) -> int:
        """Shift the amplifier gains in; return those before."""
        before, self._gains = self._gains, gains
        return before


class AdcPort:
    """The converter on its own SPI bus; chip select does not matter."""

    def __init__(self, card: Sampler) -> None:
        self._card = card

    def transfer(
        self, time_mu: int, select: int, word: int, length: int, *, last: bool
    ) -> int:
        """Return the next two samples."""
        del time_mu, select, word, length, last
        return self._card.shift_out()


class AmplifierPort:
    """The gain register on its own SPI bus."""

    def __init__(self, card: Sampler) -> None:
        self._card = card

    def transfer(
        self, time_mu: int, select: int, word: int, length: int, *, last: bool
    ) -> int:
        """Take the gains of all channels."""
        del time_mu
        if select != CS_AMPLIFIERS or length != 16 or not last:
            return 0
        return self._card.set_gains(word)
