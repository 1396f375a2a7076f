"""The probe is on while its photons are counted, and off whatever happens."""

from __future__ import annotations

import numpy as np
import pytest

from ccqed_ctrl.params import Run
from ccqed_ctrl.sequences.probe_counts import ProbeCounts
from ccqed_ctrl.spectra import Probe, ProbeRecord, ProbeShot, plan_probe
from tests.sequences.test_holographic_shot import APPARATUS, Laboratory, track

#: Of the twin: the cavity is 3 MHz above the pump.
RESONANT = 3e6


@pytest.fixture
def laboratory():
    return Laboratory()


def taken(laboratory, offset, gate=4e-3):
    """Return the row of one count, and its events."""
    sequence = ProbeCounts((laboratory.manager, None, None, {}))
    plan = plan_probe(Probe(offset=offset, gate=gate), apparatus=APPARATUS, run=Run())
    sequence.arrange(plan, afresh=True)
    before = len(laboratory.events())
    row = sequence.take(plan, ProbeShot())
    events = laboratory.events()[before:]
    sequence.make_safe()
    return row, events


def test_photons_are_counted_while_the_probe_is_on(laboratory):
    row, events = taken(laboratory, RESONANT)
    (on, first), (off, last) = track(events, "probe_switch")
    assert (first, last) == (1, 0)
    # 100 us for the cavity to fill, and the gate.
    assert off - on == 100_000 + 4_000_000
    ((_, frequency),) = track(events, "probe", "frequency")
    assert frequency == pytest.approx(APPARATUS.tones.probe_frequency + RESONANT, abs=1)
    assert row[ProbeRecord.counts] == pytest.approx(4e-3 * 2e5, rel=0.15)
    assert row[ProbeRecord.locked]
    assert laboratory.unsafe() == set()


def test_far_from_the_cavity_there_are_the_dark_counts_alone(laboratory):
    row, _ = taken(laboratory, -30e6)
    assert row[ProbeRecord.counts] < 10


def test_the_traps_are_empty(laboratory):
    laboratory.plant.plant.load_sites(np.array([[30e-6, 0.0]]))
    taken(laboratory, RESONANT)
    assert len(laboratory.plant.plant.atoms.sites) == 0
