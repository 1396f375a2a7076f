"""Recorded sequences: `artiq.coredevice.dma` on the simulated RTIO bus."""

from __future__ import annotations

import numpy as np
from artiq.coredevice.exceptions import DMAError
from artiq.language.core import at_mu, delay_mu, kernel, now_mu

from ccqed_ctrl.errors import TimelineError


class DMARecordContextManager:
    """Records the words submitted inside; the cursor is zero there."""

    def __init__(self, core, traces):
        self.core = core
        self.name = ""
        self.enable_ddma = False
        self.saved_now_mu = np.int64(0)
        self._traces = traces

    def __enter__(self):
        rtio = self.core.rtio
        if rtio.trace is not None:
            message = f"DMA recording {self.name!r} starts inside another recording"
            raise TimelineError(message)
        rtio.trace = []
        self._traces.pop(self.name, None)
        self.saved_now_mu = now_mu()
        at_mu(0)

    def __exit__(self, kind, value, traceback):
        rtio = self.core.rtio
        self._traces[self.name] = (int(now_mu()), rtio.trace)
        rtio.trace = None
        at_mu(self.saved_now_mu)


class CoreDMA:
    """Records and replays sequences; playback repeats the recorded words."""

    def __init__(self, dmgr, core_device="core"):
        self.core = dmgr.get(core_device)
        self._traces = {}
        self.recorder = DMARecordContextManager(self.core, self._traces)
        self.epoch = 0

    @kernel
    def record(self, name, enable_ddma=False):
        """Return a context that records under a name; handles become invalid."""
        self.epoch += 1
        self.recorder.name = name
        self.recorder.enable_ddma = enable_ddma
        return self.recorder

    @kernel
    def erase(self, name):
        """Forget a recording; handles become invalid."""
        self.epoch += 1
        self._traces.pop(name, None)

    @kernel
    def playback(self, name):
        """Replay a recording at the cursor, which advances by its length."""
        self._replay(self._trace(name))

    @kernel
    def get_handle(self, name):
        """Return a handle, valid until the next `record` or `erase`."""
        return (self.epoch, *self._trace(name))

    @kernel
    def playback_handle(self, handle):
        """Replay by handle.

        Raises
        ------
        DMAError
            The handle is from before a `record` or `erase`.
        """
        epoch, *trace = handle
        if epoch != self.epoch:
            raise DMAError("Invalid handle")
        self._replay(trace)

    def _trace(self, name):
        if name not in self._traces:
            raise DMAError(f"DMA trace {name!r} not found")
        return self._traces[name]

    def _replay(self, trace):
        advance_mu, words = trace
        self.core.rtio.replay(words)
        delay_mu(advance_mu)
