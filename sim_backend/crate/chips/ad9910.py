"""The AD9910 chip: registers, single tones, RAM playback, digital ramps, keying.

Register meanings are those of Analog Devices' data sheet (rev. E, tables 17 to 34).
`phase` is reported as the phase offset of a coherent tone referred to RTIO time zero,
`phi(t) = phase + frequency * t` with the set-up latency of `AD9910.set_mu` taken out:
what PHASE_MODE_TRACKING was asked for. Of a tone whose accumulator runs on, or whose
frequency is swept, it is the offset word alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from .playback import BIDIRECTIONAL, NEVER, Track, Waveform
from .ramp import Ramp, Slopes
from .words import bits, signed32

CFR1, CFR2, CFR3, AUX_DAC = 0x00, 0x01, 0x02, 0x03
FTW, POW, ASF, SYNC = 0x07, 0x08, 0x09, 0x0A
RAMP_LIMIT, RAMP_STEP, RAMP_RATE = 0x0B, 0x0C, 0x0D
PROFILE0, RAM = 0x0E, 0x16
RAM_WORDS = 1024

#: Bits of the registers that have not 32.
WIDTHS = {POW: 16, RAMP_LIMIT: 64, RAMP_STEP: 64} | dict.fromkeys(
    range(PROFILE0, PROFILE0 + 8), 64
)

#: From `now_mu()` in set_mu to the IO_UPDATE: three configurations, three words.
SETUP_LATENCY_MU = 3 * 8 + 152 + 536 + 536

FULL_SCALE = 0x3FFF
TO_FREQUENCY, TO_PHASE, TO_AMPLITUDE, TO_PHASE_AMPLITUDE = range(4)

#: A step of SYNC_IN's delay line in s. The twin's sampling edge is at delay zero.
TAP = 75e-12

Emit = Callable[[int, str, str, float], None]


class Ad9910:
    """One DDS chip, initialised and silent; `emit(time_mu, key, signal, value)`.

    `sysclk` in Hz; `ref_period` is the machine unit in s.
    """

    def __init__(self, key: str, sysclk: float, ref_period: float, emit: Emit) -> None:
        self.key = key
        self._sysclk = sysclk
        self._per_mu = round(sysclk * ref_period)
        self._cycles_per_mu = sysclk * ref_period / 4
        self._emit = emit
        self._active = {CFR1: 2, CFR2: 0x01010000, CFR3: 0x1F3FC000, AUX_DAC: 0x7F}
        self._staged: dict[int, int] = {}
        self._ram = [0] * RAM_WORDS
        self._profile = self._played = 7
        self._osk_pin = False
        self._coherent = False
        self._reference_mu = 0
        self._sent: dict[str, float] = {}
        self._ramp, self._keying = Ramp(), Ramp()
        self._ramping = self._shaping = False
        self._address, self._ramped, self._shaped = Track(), Track(), Track()
        self._due_mu = NEVER

    # Serial port

    def store(self, address: int, value: int) -> None:
        """Write a register; it acts at the next IO_UPDATE."""
        self._staged[address] = value

    def load(self, time_mu: int, address: int) -> int:
        """Read a register back as it was written, or the effective tuning word."""
        if address == FTW and bits(self._active[CFR2], 16, 1):
            self.play(time_mu)
            self._ramp.advance(self._cycle(time_mu))
            self._ramped.value = self._ramp.value
            return self._tuning()
        return self._staged.get(address, self._register(address))

    def store_ram(self, words: list[int]) -> None:
        """Write RAM from the end address of the selected profile down.

        So the first word written is the last one played: ARTIQ's test of overlapping
        reads and Linux's driver (drivers/iio/frequency/ad9910.c) say so.
        """
        for index, word in enumerate(words):
            self._ram[self._downwards(index)] = word

    def load_ram(self, index: int) -> int:
        """Read one RAM word, counted from the end address of the profile down."""
        return self._ram[self._downwards(index)]

    def _downwards(self, index: int) -> int:
        return (self._waveform(self._played).last - index) % RAM_WORDS

    # Pins

    def io_update(self, time_mu: int) -> None:
        """Make everything written so far act."""
        self.play(time_mu)
        single = (FTW, POW) if self._ram_enabled() else (PROFILE0 + self._profile,)
        tuned = any(address in self._staged for address in single)
        self._active |= self._staged
        self._staged.clear()
        self._set_ramps(time_mu)
        if bits(self._active[CFR1], 13, 1) or bits(self._active[CFR1], 11, 1):
            self._coherent = True
            self._reference_mu = time_mu - SETUP_LATENCY_MU
        elif tuned:
            self._coherent = False
        self._coherent = self._coherent and not self._swept()
        self._choose()
        self._playback(time_mu)

    def set_profile(self, time_mu: int, profile: int) -> None:
        """Select a profile by its pins, or the direction of a bidirectional ramp."""
        if profile == self._profile:
            return
        self.play(time_mu)
        self._profile = profile
        self._playback(time_mu, self._address.value if self._choose() else None)

    def set_osk(self, time_mu: int, high: bool) -> None:
        """Set the pin for on-off keying."""
        if high != self._osk_pin:
            self.play(time_mu)
            self._osk_pin = high
            self._keying.control(self._cycle(time_mu), high)
            self._follow_ramps(time_mu)
            self._send(time_mu)

    def set_drctl(self, time_mu: int, high: bool) -> None:
        """Set the pin for the direction of the digital ramp."""
        self._steer(time_mu, self._ramp.control, high)

    def set_drhold(self, time_mu: int, high: bool) -> None:
        """Set the pin that holds the digital ramp."""
        self._steer(time_mu, self._ramp.hold, high)

    def _steer(
        self, time_mu: int, change: Callable[[int, bool], None], high: bool
    ) -> None:
        self.play(time_mu)
        change(self._cycle(time_mu), high)
        if self._ramping:
            self._follow_ramps(time_mu)
            self._send(time_mu)

    def ramp_over(self, time_mu: int) -> bool:
        """Return the pin DROVER: whether the ramp is at a limit."""
        if not self._ramping:
            return False
        self._ramp.advance(self._cycle(time_mu))
        return self._ramp.at_limit

    @property
    def sampling_error(self) -> bool:
        """The pin SYNC_SMP_ERR: SYNC_IN changes inside the validation window."""
        sync = self._register(SYNC)
        if bits(self._active[CFR2], 5, 1) or not bits(sync, 27, 1):
            return False
        period = 1 / self._sysclk / TAP
        late = bits(sync, 3, 5) % period
        return min(late, period - late) <= bits(sync, 28, 4)

    # What changes by itself

    def play(self, until_mu: int) -> None:
        """Emit what changes by itself up to `until_mu`."""
        while self._due_mu <= until_mu:
            time_mu = self._due_mu
            for track in (self._address, self._ramped, self._shaped):
                if track.due_mu == time_mu:
                    track.step()
            self._set_due()
            self._send(time_mu)

    def _set_due(self) -> None:
        tracks = (self._address, self._ramped, self._shaped)
        self._due_mu = min(track.due_mu for track in tracks)

    def _cycle(self, time_mu: int) -> int:
        """Return the cycle in which the twin's chip sees a pin.

        SYNC_CLK is such that IO_UPDATE on a coarse RTIO cycle is half a period early.
        """
        return math.floor(time_mu * self._cycles_per_mu + 0.25)

    def _set_ramps(self, time_mu: int) -> None:
        """Give the ramp generators new registers and start those that were off."""
        cycle, control = self._cycle(time_mu), self._active[CFR1]
        ramping = bool(bits(self._active[CFR2], 19, 1))
        shaping = bits(control, 8, 2) == 0b11
        if not (ramping or shaping or self._ramping or self._shaping):
            return
        if ramping:
            start = not self._ramping or bool(bits(control, 14, 1))
            reload = bool(bits(control, 15, 1))
            self._ramp.configure(cycle, self._slopes(), start=start, reload=reload)
        if shaping:
            start = not self._shaping
            self._keying.configure(cycle, self._key_slopes(), start=start)
        self._ramping, self._shaping = ramping, shaping
        self._follow_ramps(time_mu)

    def _follow_ramps(self, time_mu: int) -> None:
        for track, ramp, on in (
            (self._ramped, self._ramp, self._ramping),
            (self._shaped, self._keying, self._shaping),
        ):
            if on:
                track.follow(ramp.value, self._timed(time_mu, ramp))
            else:
                track.stay(0)
        self._set_due()

    def _timed(self, now_mu: int, ramp: Ramp) -> Iterator[tuple[int, int]]:
        for cycle, value in ramp.coming():
            yield max(now_mu, round(cycle / self._cycles_per_mu)), value

    def _slopes(self) -> Slopes:
        limit, step = self._register(RAMP_LIMIT), self._register(RAMP_STEP)
        rate, control = self._register(RAMP_RATE), self._active[CFR2]
        return Slopes(
            lower=bits(limit, 0, 32),
            upper=bits(limit, 32, 32),
            up=signed32(step),
            down=signed32(step >> 32),
            up_cycles=bits(rate, 0, 16),
            down_cycles=bits(rate, 16, 16),
            no_dwell_high=bool(bits(control, 18, 1)),
            no_dwell_low=bool(bits(control, 17, 1)),
        )

    def _key_slopes(self) -> Slopes:
        scale = self._register(ASF)
        step, cycles = 1 << bits(scale, 0, 2), bits(scale, 16, 16)
        return Slopes(0, bits(scale, 2, 14), step, step, cycles, cycles)

    # RAM

    def _playback(self, time_mu: int, start: int | None = None) -> None:
        """Play from now on, or have nothing but the present tone."""
        if self._ram_enabled():
            self._address.follow(0, self._addresses(time_mu, start))
            self._address.step()
        else:
            self._address.stay(0)
        self._set_due()
        self._send(time_mu)

    def _addresses(self, start_mu: int, start: int | None) -> Iterator[tuple[int, int]]:
        done = 0
        for address, cycles in self._words(start):
            yield start_mu + round(done / self._cycles_per_mu), address
            done += cycles

    def _words(self, start: int | None) -> Iterator[tuple[int, int]]:
        """Yield (address, cycles) of the selected profile, or of several in turn."""
        up = bool(self._profile & 1)
        several = bits(self._active[CFR1], 17, 4)
        while several:
            for profile in range((several - 1) % 7 + 2):
                wave = self._waveform(profile)
                for address in range(wave.first, wave.last + 1):
                    yield address, wave.cycles
            if several < 8:
                return
        wave = self._waveform(self._played)
        for address in wave.walk(wave.first if start is None else start, upwards=up):
            yield address, wave.cycles

    def _waveform(self, profile: int) -> Waveform:
        return Waveform.of(self._register(PROFILE0 + profile))

    def _choose(self) -> bool:
        """Let the pins choose what is played; return whether they steer it instead.

        They do so while profile 0 plays a bidirectional ramp.
        """
        mode = self._waveform(0).mode
        steered = self._played == 0 and mode == BIDIRECTIONAL and self._ram_enabled()
        if not steered:
            self._played = self._profile
        return steered

    def _ram_enabled(self) -> bool:
        return bool(bits(self._active[CFR1], 31, 1))

    # Output

    def _send(self, time_mu: int) -> None:
        if not (self._ram_enabled() or self._ramping or self._written()):
            return
        tuning, offset = self._tuning(), self._offset()
        phase = offset
        if self._coherent:
            turned = tuning * self._per_mu * self._reference_mu
            phase = -((turned - (offset << 16)) // 0x10000) % 0x10000
        for signal, value in (
            ("frequency", tuning * self._sysclk / 2**32),
            ("phase", phase / 0x10000),
            ("coherent", float(self._coherent)),
            ("amplitude", self._scale() / FULL_SCALE),
        ):
            if self._sent.get(signal) != value:
                self._sent[signal] = value
                self._emit(time_mu, self.key, signal, value)

    # Sources of each parameter, by priority (table 5)

    def _tuning(self) -> int:
        if self._plays(TO_FREQUENCY):
            return self._ram[self._address.value]
        if self._ramps(TO_FREQUENCY):
            return self._ramped.value
        if self._ram_enabled() or not self._written():
            return self._register(FTW)
        return bits(self._register(PROFILE0 + self._profile), 0, 32)

    def _offset(self) -> int:
        if self._plays(TO_PHASE) or self._plays(TO_PHASE_AMPLITUDE):
            return bits(self._ram[self._address.value], 16, 16)
        if self._ramps(TO_PHASE):
            return bits(self._ramped.value, 16, 16)
        if self._ram_enabled():
            return self._register(POW)
        return bits(self._register(PROFILE0 + self._profile), 32, 16)

    def _scale(self) -> int:
        control = self._active[CFR1]
        if self._shaping:
            return self._shaped.value
        if bits(control, 9, 1):
            dark = bits(control, 23, 1) and not self._osk_pin
            return 0 if dark else bits(self._register(ASF), 2, 14)
        if self._plays(TO_AMPLITUDE):
            return bits(self._ram[self._address.value], 18, 14)
        if self._plays(TO_PHASE_AMPLITUDE):
            return bits(self._ram[self._address.value], 2, 14)
        if self._ramps(TO_AMPLITUDE):
            return bits(self._ramped.value, 18, 14)
        if bits(self._active[CFR2], 24, 1) and not self._ram_enabled():
            return bits(self._register(PROFILE0 + self._profile), 48, 14)
        return FULL_SCALE

    def _plays(self, destination: int) -> bool:
        return self._ram_enabled() and bits(self._active[CFR1], 29, 2) == destination

    def _ramps(self, destination: int) -> bool:
        to = min(bits(self._active[CFR2], 20, 2), TO_AMPLITUDE)
        return self._ramping and to == destination

    def _swept(self) -> bool:
        return self._plays(TO_FREQUENCY) or self._ramps(TO_FREQUENCY)

    def _written(self) -> bool:
        """Whether the selected profile was ever written; it has no default."""
        return PROFILE0 + self._profile in self._active

    def _register(self, address: int) -> int:
        return self._active.get(address, 0)
