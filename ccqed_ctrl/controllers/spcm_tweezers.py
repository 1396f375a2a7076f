"""Tweezers by crossed deflectors, driven by a Spectrum AWG (extra `spcm`).

The card replays a sequence: the traps as they stand, again and again, until it is told
to go on to a move, and from there to the traps as they stand then. So nothing is dark
in between. Channel 0 drives x, channel 1 y.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ccqed_ctrl import checks
from ccqed_ctrl.errors import DeviceError, LimitError, ParameterError
from ccqed_ctrl.model.arrangement import checked_moves, enforce_apart
from ccqed_ctrl.model.deflector_tones import Deflection
from ccqed_ctrl.model.deflectors import enforce_turns
from ccqed_ctrl.model.layout import enforce_reach
from ccqed_ctrl.units import TWO_PI

try:
    import spcm
    from spcm.classes_sequence import Segment, Step
except ModuleNotFoundError:
    raise
except Exception as error:  # what it raises without the vendor's driver
    raise DeviceError(f"tweezers: {error}") from error

#: Segments of the card's memory, and steps of the same numbers: two that hold traps, by
#: turns, and the move from one to the other.
MOVE: Final = 1
HELD: Final = (0, 2)
SEGMENTS: Final = 4
#: Samples come in as many at a time.
GRAIN: Final = 32
#: How much longer than a move the card may take to be through with it, s.
PATIENCE: Final = 2.0


class SpcmTweezers:
    """Satisfies `ccqed_ctrl.protocols.TweezerArray`.

    card: of the vendor's driver, /dev/spcm0 or TCPIP::ADDRESS::inst0::INSTR. rate:
    samples per second. volts: of a deflector's full drive, at the card. frequency_x,
    frequency_y: Hz, of a trap at centre_x, centre_y, m. scale_x, scale_y: m/Hz.
    rotation: of the deflectors against the midplane, rad. band: Hz that they deflect,
    about that frequency. reach: farthest site, m. access_time: for how long one product
    grid is lit, s. longest_cycle: until it is lit again, s.

    Raises
    ------
    DeviceError
        The card cannot be opened or set up.
    ParameterError
        Settings out of range.
    """

    def __init__(
        self, card: str, scale_x: float, scale_y: float, frequency_x: float = 100e6,
        frequency_y: float = 100e6, centre_x: float = 0.0, centre_y: float = 0.0,
        rotation: float = 0.0, band: float = 40e6, rate: float = 625e6,
        volts: float = 0.1, reach: float = 500e-6, access_time: float = 5e-6,
        longest_cycle: float = 50e-6,
    ) -> None:  # fmt: skip
        scale = [
            checks.number(f"scale_{axis}", value, -1e-9, 1e-9, "m/Hz")
            for axis, value in (("x", scale_x), ("y", scale_y))
        ]
        if 0.0 in scale:
            raise ParameterError("scale_x, scale_y: no tone would move a trap; got 0")
        self._deflection = Deflection(
            centre=(float(centre_x), float(centre_y)),
            frequency=(float(frequency_x), float(frequency_y)),
            scale=(scale[0], scale[1]),
            rotation=checks.number("rotation", rotation, -TWO_PI, TWO_PI),
            turn=checks.number("access_time", access_time, 1e-7, 1e-3, "s"),
        )
        self._band = checks.number("band", band, 1e3, 1e9, "Hz")
        self._reach = checks.number("reach", reach, 0.0, 0.1, "m")
        self._cycle = checks.number("longest_cycle", longest_cycle, 0.0, 1.0, "s")
        self._rate = checks.number("rate", rate, 1e6, 1e10, "Hz")
        volts = checks.number("volts", volts, 0.01, 5.0, "V")
        self._positions: NDArray[np.float64] = np.empty((0, 2))
        self._held = HELD[0]
        self._step: Any = None
        with _saying():
            self._card = spcm.Card(str(card))
            self._card.open()
            try:
                self._set_up(volts)
            except BaseException:
                self._card.close()
                raise

    def _set_up(self, volts: float) -> None:
        self._card.card_mode(spcm.SPC_REP_STD_SEQUENCE)
        channels = spcm.Channels(self._card, card_enable=spcm.CHANNEL0 | spcm.CHANNEL1)
        channels.enable(True)
        channels.amp(round(1e3 * volts))
        spcm.Trigger(self._card).or_mask(spcm.SPC_TMASK_SOFTWARE)
        used = spcm.Clock(self._card).sample_rate(round(self._rate))
        if used != round(self._rate):
            raise DeviceError(
                f"tweezers: the card samples at {used:g} Hz, not at {self._rate:g}"
            )
        self._full = int(self._card.max_sample_value()) - 1
        self._sequence = spcm.Sequence(self._card)
        self._sequence.max_segments(SEGMENTS)

    def ping(self) -> bool:
        """Return True while the card answers."""
        with _saying():
            self._card.status()
        return True

    def status(self) -> dict[str, Any]:
        """Return model, serial number and number of sites."""
        with _saying():
            return {
                "model": f"Spectrum {self._card.product_name()}",
                "serial": str(self._card.sn()),
                "simulated": bool(self._card.is_demo_card()),
                "sites": len(self._positions),
            }

    def set_positions(self, positions: Any) -> None:
        """Show traps at positions (N, 2) in m; what was held is let go.

        Loading them is the sequence's.

        Raises
        ------
        ShapeError
            Another shape, or infinite numbers.
        LimitError
            A site out of reach or of the deflectors' band, sites that are too close, or
            too many that are no product grid.
        """
        sites = checks.array("tweezer positions", positions, ("N", 2))
        enforce_reach(sites, self._reach)
        enforce_apart(sites[None])
        self._enforce_deflected(sites[None])
        with _saying():
            self._card.stop()
            self._held = HELD[0]
            if len(sites):
                self._step = self._hold(sites, self._held)
                self._sequence.start_step(self._held)
                self._card.start(
                    spcm.M2CMD_CARD_ENABLETRIGGER, spcm.M2CMD_CARD_FORCETRIGGER
                )
        self._positions = sites.copy()

    def program(self, traps: Any, times: Any, positions: Any) -> None:
        """Carry atoms with traps (N,) along positions (T, N, 2) m at times (T,) s.

        Raises
        ------
        ShapeError, ParameterError, LimitError
            As of `ccqed_ctrl.protocols.TweezerArray`.
        DeviceError
            The card does not come to the end of the move.
        """
        _, instants, path = checked_moves(
            traps, times, positions, self._positions, self._reach
        )
        self._enforce_deflected(path)
        following = sum(HELD) - self._held
        moving = self._deflection.moving(instants, path, self._rate, GRAIN)
        with _saying():
            held = self._hold(path[-1], following)
            move = Step(self._card, MOVE, self._write(moving, MOVE), 1)
            move.set_transition(held)
            move.update()
            self._step.update(to_step=move)
            self._await(following, instants[-1] + PATIENCE)
        self._step, self._held, self._positions = held, following, path[-1]

    def _enforce_deflected(self, path: NDArray[np.float64]) -> None:
        """Raise LimitError for traps (T, N, 2) m that the deflectors cannot hold."""
        off = self._deflection.tones(path) - np.array(self._deflection.frequency)
        if np.any(np.abs(off) > self._band / 2):
            raise LimitError(
                f"a trap needs a tone {np.abs(off).max() / 1e6:.4g} MHz off; the band "
                f"of {self._band / 1e6:.4g} MHz deflects half of that to either side"
            )
        along = self._deflection.along(path)
        enforce_turns(along, self._deflection.turn, self._cycle)

    def _hold(self, sites: NDArray[np.float64], number: int) -> Any:
        """Write traps (N, 2) m that stand, and return the step that repeats them."""
        samples = self._deflection.still(sites, self._rate, GRAIN)
        step = Step(self._card, number, self._write(samples, number), 1)
        step.set_transition(step)
        step.update()
        return step

    def _write(self, samples: NDArray[np.float64], number: int) -> Any:
        """Write samples (2, S) in [-1, 1] to a segment of the card, and return it."""
        # Channel by channel for each sample, as the card has them in its memory.
        words = np.asfortranarray(np.rint(self._full * samples), np.int16)
        segment = Segment(self._card, number, words, words.shape[1])
        segment.update()
        return segment

    def _await(self, number: int, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._sequence.status() != number:
            if time.monotonic() > deadline:
                raise DeviceError(
                    f"tweezers: the card is not at the end of its move after "
                    f"{seconds:.3g} s; call set_positions"
                )
            time.sleep(1e-3)

    def positions(self) -> NDArray[np.float64]:
        """Return the commanded positions (N, 2) in m."""
        return self._positions.copy()

    def occupied(self) -> NDArray[np.bool_]:
        """Return True for every site (N,): an AWG sees no atoms."""
        return np.ones(len(self._positions), np.bool_)

    def close(self) -> None:
        """Stop, and let the card go."""
        with _saying():
            self._card.close()


@contextmanager
def _saying() -> Iterator[None]:
    """Make the vendor's errors errors of ours."""
    try:
        yield
    except spcm.SpcmException as error:
        raise DeviceError(f"tweezers: {error}") from error
