"""A core-analyzer dump of what the twin's RTIO bus was given.

The binary form in which a Kasli's gateware hands out its event buffer: ARTIQ's
dashboard opens it (Waveform, "Open trace") and `artiq_coreanalyzer -r` prints it.
Messages are 32 bytes, big-endian: data, address, counter, time, channel and type.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the bus needs ARTIQ's names, drawing does not
    from .rtio import Rtio, Word

#: Our log goes elsewhere; no channel of a Kasli has this number.
_LOG_CHANNEL = 127
_OUTPUT, _STOPPED = 0b00, 0b11
_LOW_64_BITS = (1 << 64) - 1


def dump(submitted: Iterable[tuple[Word, int]], counter: int) -> bytes:
    """Return the dump of output events with the counter at their submission, mu.

    Parameters
    ----------
    submitted : iterable of (Word, counter)
    counter : int
        When the analyzer was stopped.
    """
    messages = [_output(word, at) for word, at in submitted]
    messages.append(struct.pack(">QIQQI", 0, 0, counter, 0, _STOPPED))
    body = b"".join(messages)
    header = struct.pack(">IQbbb", len(body), len(body), 0, _LOG_CHANNEL, 1)
    return b"E" + header + body


def of_rtio(rtio: Rtio) -> bytes:
    """Return the dump of what an RTIO core was given last."""
    return dump(rtio.submitted, rtio.counter)


def _output(word: Word, counter: int) -> bytes:
    # Wide words (several DAC samples) are cut to 64 bits, as in the gateware.
    data = word.data[0] if isinstance(word.data, list | tuple) else word.data
    return struct.pack(
        ">QIQQI",
        int(data) & _LOW_64_BITS,
        word.address,
        max(counter, 0),
        word.time_mu,
        word.channel << 2 | _OUTPUT,
    )
