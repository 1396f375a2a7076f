"""Values that outlive kernels: `artiq.coredevice.cache`."""

from __future__ import annotations

from typing import Any

from artiq.language.core import kernel


class CoreCache:
    """Lists of 32-bit integers by name, until the core device reboots."""

    def __init__(self, dmgr: Any, core_device: str = "core") -> None:
        self.core = dmgr.get(core_device)

    @kernel
    def get(self, key: str) -> list[int]:
        """Return a row itself, empty if there is none."""
        row: list[int] = self.core.syscall("cache_get", key)
        return row

    @kernel
    def put(self, key: str, value: list[int]) -> None:
        """Store a row; one that this same kernel has read cannot be replaced."""
        self.core.syscall("cache_put", key, value)
