"""Recorded sequences: `artiq.coredevice.dma` on the simulated RTIO bus."""

from __future__ import annotations

from typing import Any

import numpy as np
from artiq.coredevice.exceptions import DMAError
from artiq.language.core import at_mu, delay_mu, kernel, now_mu

#: Epoch, length in mu, address, whether satellites take part.
Handle = tuple[int, np.int64, int, bool]


class DMARecordContextManager:
    """Records the words submitted inside; the cursor is zero there."""

    def __init__(self, core: Any) -> None:
        self._syscall = core.syscall
        self.name = ""
        self.enable_ddma = False
        self.saved_now_mu = np.int64(0)

    def __enter__(self) -> None:
        self._syscall("dma_record_start", self.name)
        self.saved_now_mu = now_mu()
        at_mu(0)

    def __exit__(self, *exception: object) -> None:
        self._syscall("dma_record_stop", now_mu(), self.enable_ddma)
        at_mu(self.saved_now_mu)


class CoreDMA:
    """Records and replays sequences; playback repeats the recorded words."""

    def __init__(self, dmgr: Any, core_device: str = "core") -> None:
        self.core = dmgr.get(core_device)
        self.recorder = DMARecordContextManager(self.core)
        self.epoch = 0

    @kernel
    def record(self, name: str, enable_ddma: bool = False) -> DMARecordContextManager:
        """Return a context that records under a name; handles become invalid."""
        self.epoch += 1
        self.recorder.name = name
        self.recorder.enable_ddma = enable_ddma
        return self.recorder

    @kernel
    def erase(self, name: str) -> None:
        """Forget a recording; handles become invalid."""
        self.epoch += 1
        self.core.syscall("dma_erase", name)

    @kernel
    def playback(self, name: str) -> None:
        """Replay a recording at the cursor, which advances by its length."""
        self._replay(*self.core.syscall("dma_retrieve", name))

    @kernel
    def get_handle(self, name: str) -> Handle:
        """Return a handle, valid until the next `record` or `erase`."""
        advance_mu, address, distributed = self.core.syscall("dma_retrieve", name)
        return self.epoch, advance_mu, address, distributed

    @kernel
    def playback_handle(self, handle: Handle) -> None:
        """Replay by handle.

        Raises
        ------
        DMAError
            The handle is from before a `record` or `erase`.
        """
        epoch, advance_mu, address, distributed = handle
        if epoch != self.epoch:
            raise DMAError("Invalid handle")
        self._replay(advance_mu, address, distributed)

    def _replay(self, advance_mu: np.int64, address: int, distributed: bool) -> None:
        self.core.syscall("dma_playback", now_mu(), address, distributed)
        delay_mu(advance_mu)
