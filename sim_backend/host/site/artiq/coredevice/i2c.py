"""The core device's I2C buses: system calls, transfers made of them, and drivers.

Outside RTIO, and only in kernels. `busaddr` has 8 bits, of which the lowest is 0.
"""

from artiq.coredevice.exceptions import I2CError
from artiq.language.core import kernel, syscall
from artiq.language.types import TBool, TInt32, TNone
from sim_backend.host.on_demand import attributes

__getattr__ = attributes(__name__)

_REFUSAL = "I2C system calls are of kernels, not of the host"


@syscall(flags={"nounwind", "nowrite"})
def i2c_start(busno: TInt32) -> TNone:
    """Begin a transfer."""
    raise NotImplementedError(_REFUSAL)


@syscall(flags={"nounwind", "nowrite"})
def i2c_restart(busno: TInt32) -> TNone:
    """Begin another transfer without ending the one before."""
    raise NotImplementedError(_REFUSAL)


@syscall(flags={"nounwind", "nowrite"})
def i2c_stop(busno: TInt32) -> TNone:
    """End a transfer."""
    raise NotImplementedError(_REFUSAL)


@syscall(flags={"nounwind", "nowrite"})
def i2c_write(busno: TInt32, b: TInt32) -> TBool:
    """Send a byte; return whether it was acknowledged."""
    raise NotImplementedError(_REFUSAL)


@syscall(flags={"nounwind", "nowrite"})
def i2c_read(busno: TInt32, ack: TBool) -> TInt32:
    """Receive a byte, and acknowledge it or not."""
    raise NotImplementedError(_REFUSAL)


@syscall(flags={"nounwind", "nowrite"})
def i2c_switch_select(busno: TInt32, address: TInt32, mask: TInt32) -> TNone:
    """Connect branches of a bus switch at a 7-bit address."""
    raise NotImplementedError(_REFUSAL)


@kernel
def i2c_poll(busno, busaddr):
    """Return whether a device acknowledges its address."""
    i2c_start(busno)
    there = i2c_write(busno, busaddr)
    i2c_stop(busno)
    return there


@kernel
def _send(busno, byte, what):
    """Send a byte that must be acknowledged."""
    if not i2c_write(busno, byte):
        raise I2CError("failed to ack " + what)


@kernel
def i2c_write_byte(busno, busaddr, data, ack=True):
    """Send one byte; unless `ack` it need not be acknowledged."""
    i2c_start(busno)
    try:
        _send(busno, busaddr, "bus address")
        taken = i2c_write(busno, data)
        if ack and not taken:
            raise I2CError("failed to ack write data")
    finally:
        i2c_stop(busno)


@kernel
def i2c_read_byte(busno, busaddr):
    """Receive one byte."""
    i2c_start(busno)
    try:
        _send(busno, busaddr | 1, "bus read address")
        return i2c_read(busno, False)
    finally:
        i2c_stop(busno)


@kernel
def i2c_write_many(busno, busaddr, addr, data, ack_last=True):
    """Send bytes to a place in a device; the last may go unacknowledged."""
    last = len(data) - 1
    i2c_start(busno)
    try:
        _send(busno, busaddr, "bus address")
        _send(busno, addr, "data address")
        for i in range(len(data)):
            taken = i2c_write(busno, data[i])
            if not taken and (ack_last or i < last):
                raise I2CError("failed to ack write data")
    finally:
        i2c_stop(busno)


@kernel
def i2c_read_many(busno, busaddr, addr, data):
    """Fill a list with the bytes from a place in a device."""
    last = len(data) - 1
    i2c_start(busno)
    try:
        _send(busno, busaddr, "bus address")
        _send(busno, addr, "data address")
        i2c_restart(busno)
        _send(busno, busaddr | 1, "bus read address")
        for i in range(len(data)):
            data[i] = i2c_read(busno, i < last)
    finally:
        i2c_stop(busno)
