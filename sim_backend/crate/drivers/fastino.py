"""The 32-channel streaming DAC: `artiq.coredevice.fastino` on the simulated bus."""

from __future__ import annotations

from typing import Any

from artiq.language.core import delay_mu, kernel, portable
from artiq.language.types import TInt32

from ccqed_ctrl.errors import DeviceError

from ..chips import fastino
from ..chips.words import signed32
from ..time_manager import round_half_away
from .channel import OneChannel
from .core import Core
from .kinds import Words

#: Order of the interpolators' gain compensation.
_ORDER = 3


class Fastino(OneChannel):
    """Fastino: samples written one by one, or in groups of 2**`log2_width` channels."""

    def __init__(
        self, dmgr: Any, channel: int, core_device: str = "core", log2_width: int = 0
    ) -> None:
        self.channel = channel << 8
        self.core: Core = dmgr.get(core_device)
        self.width = 1 << log2_width
        if self.core.ref_period != 1e-9:
            raise DeviceError("Fastino needs a reference period of 1 ns")
        self.t_frame = fastino.FRAME_MU

    @kernel
    def init(self) -> None:
        """Power the outputs, clear errors, stop interpolation; eight frames."""
        self.set_cfg(reset=0, afe_power_down=0, dac_clr=0, clr_err=1)
        delay_mu(self.t_frame)
        self.set_cfg(reset=0, afe_power_down=0, dac_clr=0, clr_err=0)
        delay_mu(self.t_frame)
        self.set_continuous(0)
        delay_mu(self.t_frame)
        self.stage_cic(1)
        delay_mu(self.t_frame)
        self.apply_cic(0xFFFFFFFF)
        delay_mu(self.t_frame)
        self.set_leds(0)
        delay_mu(self.t_frame)
        self.set_hold(0)
        delay_mu(self.t_frame)

    @kernel
    def write(self, addr: int, data: int | list[int]) -> None:
        """Write a register at the cursor."""
        self.core.rtio.output(self.channel >> 8, addr, data)

    @kernel
    def read(self, addr: int) -> None:
        """Refuse, as ARTIQ's driver does.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError

    @kernel
    def set_dac_mu(self, dac: int, data: int) -> None:
        """Write one sample by code."""
        self.write(dac, data)

    @kernel
    def set_group_mu(self, dac: TInt32, data: Words) -> None:
        """Write a group of samples, two codes in each word.

        Raises
        ------
        ValueError
            `dac` is not the first channel of a group.
        """
        if dac & (self.width - 1):
            raise ValueError("Group index LSBs must be zero")
        self.write(dac, list(data))

    @portable
    def voltage_to_mu(self, voltage: float) -> int:
        """Return the code of a voltage.

        Raises
        ------
        ValueError
            Outside -10 to 10 V.
        """
        code = round_half_away(0x8000 / 10.0 * voltage) + 0x8000
        if not 0 <= code <= 0xFFFF:
            raise ValueError("DAC voltage out of bounds")
        return code

    @portable
    def voltage_group_to_mu(self, voltage: list[float], data: list[int]) -> None:
        """Fill words with two codes each from a list of voltages."""
        for i, volts in enumerate(voltage):
            code = self.voltage_to_mu(volts)
            if i & 1:
                code = data[i // 2] & 0xFFFF | code << 16
            data[i // 2] = signed32(code)

    @kernel
    def set_dac(self, dac: int, voltage: float) -> None:
        """Write one sample in volts."""
        self.write(dac, self.voltage_to_mu(voltage))

    @kernel
    def set_group(self, dac: int, voltage: list[float]) -> None:
        """Write a group of samples in volts."""
        data = [0] * (len(voltage) // 2)
        self.voltage_group_to_mu(voltage, data)
        self.set_group_mu(dac, data)

    @kernel
    def update(self, update: int) -> None:
        """Put held samples of the masked channels on the outputs."""
        self.write(fastino.UPDATE, update)

    @kernel
    def set_hold(self, hold: int) -> None:
        """Hold samples of the masked channels until `update`."""
        self.write(fastino.HOLD, hold)

    @kernel
    def set_cfg(
        self,
        reset: int = 0,
        afe_power_down: int = 0,
        dac_clr: int = 0,
        clr_err: int = 0,
    ) -> None:
        """Set reset, output power, clearing."""
        word = reset | afe_power_down << 1 | dac_clr << 2 | clr_err << 3
        self.write(fastino.CONFIG, word)

    @kernel
    def set_leds(self, leds: int) -> None:
        """Set the LEDs."""
        self.write(fastino.LEDS, leds)

    @kernel
    def set_continuous(self, channel_mask: int) -> None:
        """Repeat samples on the masked channels."""
        self.write(fastino.CONTINUOUS, channel_mask)

    @kernel
    def stage_cic_mu(
        self, rate_mantissa: int, rate_exponent: int, gain_exponent: int
    ) -> None:
        """Stage an interpolator configuration.

        Raises
        ------
        ValueError
            A field does not fit.
        """
        if not 0 <= rate_mantissa < 1 << 6:
            raise ValueError("rate_mantissa out of bounds")
        if not 0 <= rate_exponent < 1 << 4:
            raise ValueError("rate_exponent out of bounds")
        if not 0 <= gain_exponent < 1 << 6:
            raise ValueError("gain_exponent out of bounds")
        word = rate_mantissa | rate_exponent << 6 | gain_exponent << 10
        self.write(fastino.CIC_STAGE, word)

    @kernel
    def stage_cic(self, rate: int) -> TInt32:
        """Stage the interpolation rate nearest below `rate`; return it.

        Raises
        ------
        ValueError
            Outside 1 to 65536.
        """
        if not 0 < rate <= 1 << 16:
            raise ValueError("rate out of bounds")
        mantissa, exponent = rate, 0
        while mantissa > 1 << 6:
            exponent += 1
            mantissa >>= 1
        gain = (mantissa**_ORDER - 1).bit_length() + _ORDER * exponent
        self.stage_cic_mu(mantissa - 1, exponent, gain)
        return mantissa << exponent

    @kernel
    def apply_cic(self, channel_mask: int) -> None:
        """Apply the staged configuration to the masked channels."""
        self.write(fastino.CIC_APPLY, channel_mask)
