"""The core device's driver, the compiler's error, and system calls about time."""

from artiq.language.core import *
from artiq.language.types import *
from artiq.language.units import *
from sim_backend.host.on_demand import attributes

__getattr__ = attributes(__name__)


class CompileError(Exception):
    """The compiler refuses a kernel; `diagnostic` says why."""

    def __init__(self, diagnostic):
        super().__init__(diagnostic)
        self.diagnostic = diagnostic


@syscall(flags={"nounwind", "nowrite"})
def rtio_get_counter() -> TInt64:
    """Return the time the hardware has reached, in machine units."""
    raise NotImplementedError("rtio_get_counter is of kernels, not of the host")


@syscall(flags={"nounwind", "nowrite"})
def rtio_get_destination_status(linkno: TInt32) -> TBool:
    """Return whether a DRTIO destination is up."""
    raise NotImplementedError("rtio_get_destination_status is of kernels")
