"""A shot is read from its two frames: what the light of the atoms does to verdicts."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.readout.holograms import HologramReader
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.holograms import HologramRecord as R
from ccqed_ctrl.params import Cavity, Cloud


@pytest.fixture
def reader(bench):
    return HologramReader(
        bench.positions, Cavity(), Cloud(), bench.imaging, bench.decoder
    )


def share(bench, field):
    """Return the atoms' light over the reference's."""
    hologram, blank = bench.noiseless(field)
    return np.mean(hologram - blank) / np.mean(blank - bench.imaging.offset)


def judged(reader, frames, spins):
    raw = {R.frames: np.stack(frames).astype(np.uint16), R.saturated: 0}
    return reader.decode(raw, spins).verdict


def test_a_frame_that_lacks_reference_light_is_late(bench, reader, rng):
    spins = bench.random_spins(rng)
    on_time = bench.frames(bench.field(spins), rng)
    assert judged(reader, on_time, spins) is Verdict.ok
    hologram, _ = bench.frames(bench.field(spins), rng, 0.8 * bench.exposure)
    assert judged(reader, (hologram, on_time[1]), spins) is Verdict.late


def test_light_of_many_atoms_is_not_taken_for_the_references(bench, reader, rng):
    spins = bench.random_spins(rng)
    field = bench.field(spins)
    field = field * np.sqrt(0.2 / share(bench, field))
    assert share(bench, field) == pytest.approx(0.2, rel=0.05)
    assert judged(reader, bench.frames(field, rng), spins) is Verdict.ok
    # Late is late, however bright they are.
    _, blank = bench.frames(field, rng, 0.8 * bench.exposure)
    late = bench.frames(field, rng)[0], blank
    assert judged(reader, late, spins) is Verdict.late
