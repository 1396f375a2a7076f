"""Timelines to draw, made by hand."""

from __future__ import annotations

from sim_backend.crate.events import Event, Timeline


def sweep():
    """A tone that is swept behind its switch, and a voltage of both signs."""
    timeline = Timeline({"piezo": "zotino1", "probe": "dds0", "probe_switch": "ttl1"})
    for event in [
        Event(0, "zotino1", "dac3", -2.5),
        Event(0, "dds0", "frequency", 80e6),
        Event(0, "dds0", "amplitude", 0.5),
        Event(500, "ttl1", "level", 1.0),
        Event(700, "dds0", "frequency", 81e6),
        Event(1000, "zotino1", "dac3", 1.5),
        Event(1800, "dds0", "frequency", 79e6),
        Event(2000, "ttl1", "level", 0.0),
        Event(3000, "zotino1", "dac3", 0.0),
    ]:
        timeline.add(event)
    return timeline


def two_exposures():
    """A pulse of 1 ms, and another 30 ms later."""
    timeline = Timeline({"camera": "ttl4"})
    for milliseconds, level in ((0, 1), (1, 0), (31, 1), (32, 0)):
        timeline.add(Event(1_000_000 * milliseconds, "ttl4", "level", level))
    return timeline
