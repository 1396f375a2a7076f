"""A short shot: a switched tone, a voltage, a line."""

from __future__ import annotations

import pytest

from sim_backend.crate.events import Event, Timeline

NAMES = {
    "tone": "dds0", "tone_switch": "ttl9", "servo": "zotino0", "gate": "ttl5",
}  # fmt: skip


@pytest.fixture
def shot():
    timeline = Timeline(NAMES)
    for event in [
        Event(1_000_000, "zotino0", "dac0", 0.0),
        Event(2_000_000, "dds0", "amplitude", 0.5),
        Event(2_000_000, "dds0", "frequency", 200e6),
        Event(2_000_000, "other", "level", 1.0),
        Event(3_000_000, "ttl9", "level", 1.0),
        Event(4_000_000, "zotino0", "dac0", 2.5),
        Event(5_000_000, "ttl9", "level", 0.0),
        Event(6_000_000, "ttl5", "level", 1.0),
        Event(7_000_000, "ttl5", "level", 0.0),
        Event(90_000_000, "zotino0", "dac0", 0.0),
    ]:
        timeline.add(event)
    return timeline
