"""System calls that drivers end in: RTIO words out, events in. Only in kernels."""

from artiq.language.core import syscall
from artiq.language.types import TInt32, TInt64, TList, TNone, TTuple

_REFUSAL = "RTIO system calls are of kernels, not of the host"


@syscall(flags={"nowrite"})
def rtio_output(target: TInt32, data: TInt32) -> TNone:
    """Write a word at the cursor; `target` is the channel << 8 | the address."""
    raise NotImplementedError(_REFUSAL)


@syscall(flags={"nowrite"})
def rtio_output_wide(target: TInt32, data: TList(TInt32)) -> TNone:
    """Write several words at the cursor as one event, the lowest first."""
    raise NotImplementedError(_REFUSAL)


@syscall(flags={"nowrite"})
def rtio_input_timestamp(timeout_mu: TInt64, channel: TInt32) -> TInt64:
    """Return the time of the next input event, -1 after the timeout."""
    raise NotImplementedError(_REFUSAL)


@syscall(flags={"nowrite"})
def rtio_input_data(channel: TInt32) -> TInt32:
    """Wait for the next input event and return its data."""
    raise NotImplementedError(_REFUSAL)


@syscall(flags={"nowrite"})
def rtio_input_timestamped_data(timeout_mu: TInt64, channel: TInt32) -> TTuple(
    [TInt64, TInt32]
):
    """Return time and data of the next input event, (-1, 0) after the timeout."""
    raise NotImplementedError(_REFUSAL)
