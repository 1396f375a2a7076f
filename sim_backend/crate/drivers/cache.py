"""Values that outlive kernels: `artiq.coredevice.cache`."""

from __future__ import annotations

from artiq.coredevice.exceptions import CacheError
from artiq.language.core import kernel


class CoreCache:
    """Lists of 32-bit integers by name, until the core device reboots."""

    def __init__(self, dmgr, core_device="core"):
        self.core = dmgr.get(core_device)
        self._rows = {}
        self._borrowed = {}

    @kernel
    def get(self, key):
        """Return a row itself, empty if there is none."""
        self._borrowed[key] = self.core.kernels
        return self._rows.setdefault(key, [])

    @kernel
    def put(self, key, value):
        """Store a row.

        Raises
        ------
        CacheError
            The row was read in this same kernel.
        """
        if self._borrowed.get(key) == self.core.kernels and self._rows.get(key):
            message = "Attempted to put value into a row that is in use by the kernel"
            raise CacheError(message)
        self._rows[key] = list(value)
