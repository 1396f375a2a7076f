"""A timeline as a value change dump (IEEE 1364-2005, clause 18), for wave viewers."""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator
from pathlib import Path

from ccqed_ctrl.errors import ResultsError
from sim_backend.crate.events import Timeline

#: Printable characters that make identifiers, as the standard allows.
_SYMBOLS = string.ascii_letters + string.digits + "!#%&()*+,-./:;<=>?@[]^_{|}~"


def dump(timeline: Timeline) -> str:
    """Return the text of a dump: one scope per channel, levels as wires, others real.

    The laboratory's name of a channel comes before the channel's; a machine unit is one
    nanosecond.
    """
    names = timeline.labels
    signals = dict(zip(timeline.signals(), _identifiers(), strict=False))
    lines = ["$comment ccqed twin $end", "$timescale 1 ns $end"]
    for channel, group in itertools.groupby(signals, key=lambda signal: signal[0]):
        scope = f"{names[channel]}.{channel}" if channel in names else channel
        lines.append(f"$scope module {scope} $end")
        for signal in group:
            kind = "wire 1" if signal[1] == "level" else "real 64"
            lines.append(f"$var {kind} {signals[signal]} {signal[1]} $end")
        lines.append("$upscope $end")
    lines.append("$enddefinitions $end")
    lines += _changes(timeline, signals)
    return "\n".join(lines) + "\n"


def write(timeline: Timeline, path: Path) -> None:
    """Write a dump to a file.

    Raises
    ------
    ResultsError
        The file cannot be written.
    """
    try:
        path.write_text(dump(timeline), encoding="ascii")
    except OSError as error:
        message = f"the timeline cannot be written to {path}: {error.strerror}"
        raise ResultsError(message) from error


def _identifiers() -> Iterator[str]:
    for length in itertools.count(1):
        for symbols in itertools.product(_SYMBOLS, repeat=length):
            yield "".join(symbols)


def _changes(timeline: Timeline, signals: dict[tuple[str, str], str]) -> Iterator[str]:
    """Yield the dump's body: everything starts at zero, then changes by time."""
    yield "#0"
    yield "$dumpvars"
    for (_, signal), identifier in signals.items():
        yield _value(signal, 0.0, identifier)
    yield "$end"
    now = 0
    for event in timeline.events:
        if event.time_mu != now:
            now = event.time_mu
            yield f"#{now}"
        identifier = signals[event.channel, event.signal]
        yield _value(event.signal, event.value, identifier)


def _value(signal: str, value: float, identifier: str) -> str:
    if signal == "level":
        return f"{int(value)}{identifier}"
    return f"r{value:.16g} {identifier}"
