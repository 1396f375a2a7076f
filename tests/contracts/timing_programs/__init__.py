"""Kernels whose every RTIO word is known from ARTIQ's compiler.

The words are in `compiled_timing.json`. Each method of `Programs` that starts with
`program_` is one. They run unchanged in the twin and, through `native`, as compiled
code.
"""

from __future__ import annotations

from artiq.experiment import at_mu, interleave, kernel, us

from .cursor import CursorPrograms
from .drivers import DevicePrograms


class Programs(CursorPrograms, DevicePrograms):
    """All of them."""


class Refused:
    """What neither the compiler nor the twin accepts."""

    kernel_invariants = {"core", "a", "b"}

    def __init__(self, get):
        self.core, self.a, self.b = get("core"), get("ttl4"), get("ttl5")

    @kernel
    def interleaved(self):
        at_mu(1000000000)
        with interleave:
            self.a.pulse(1 * us)
            self.b.pulse(2 * us)


def programs():
    """Return the programs' names."""
    return sorted(name for name in dir(Programs) if name.startswith("program_"))
