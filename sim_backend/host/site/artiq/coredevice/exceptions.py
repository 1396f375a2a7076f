"""Exceptions a core device can raise."""


class CacheError(Exception):
    """A cached value is still borrowed by the kernel that asks to replace it."""

    artiq_builtin = True


class RTIOUnderflow(Exception):
    """An output event was submitted after its time had passed; it is discarded."""

    artiq_builtin = True


class RTIOOverflow(Exception):
    """Input events came faster than they were read; some are lost."""

    artiq_builtin = True


class RTIODestinationUnreachable(Exception):
    """The link to a satellite is down."""

    artiq_builtin = True


class DMAError(Exception):
    """A DMA trace is missing, or changed since its handle was taken."""

    artiq_builtin = True


class SubkernelError(Exception):
    """A subkernel could not be loaded, started or completed."""

    artiq_builtin = True


class ClockFailure(Exception):
    """The RTIO clock lost lock."""

    artiq_builtin = True


class I2CError(Exception):
    """An I2C transfer failed."""

    artiq_builtin = True


class SPIError(Exception):
    """An SPI transfer failed."""

    artiq_builtin = True


class UnwrapNoneError(Exception):
    """A value that must be there is None."""

    artiq_builtin = True


class CXPError(Exception):
    """A CoaXPress transfer failed."""

    artiq_builtin = True
