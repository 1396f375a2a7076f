"""Recalls planned (seeds, cues, refusals, points of a scan), and summed up."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from ccqed_ctrl import memories
from ccqed_ctrl.belief import Apparatus
from ccqed_ctrl.ending import Verdict
from ccqed_ctrl.errors import ParameterError, PatternError
from ccqed_ctrl.model import couplings
from ccqed_ctrl.model.deflectors import turns
from ccqed_ctrl.model.placement import commanded
from ccqed_ctrl.params import (
    RUBIDIUM_LINEWIDTH,
    Axis,
    Cue,
    Layout,
    Memories,
    Run,
    Sequence,
    Traps,
)
from ccqed_ctrl.recalling import RecallRecord, make_cue, plan_recall
from ccqed_ctrl.records.writing import DatasetWriter, merged
from ccqed_ctrl.rng import stream
from tests.records.test_declaration import Owner

APPARATUS = Apparatus()
R = RecallRecord


def planned_with(
    stored=None, cue=None, layout=None, sequence=None, shots=1, seed=0, **more
):
    return plan_recall(
        stored or Memories(), cue or Cue(), layout or Layout(), sequence or Sequence(),
        run=Run(shots=shots, seed=seed), **{"apparatus": APPARATUS} | more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def planned():
    return planned_with(cue=Cue(memory="2"), shots=3, seed=5)


def test_each_shot_has_its_own_cue_and_all_share_the_layout(planned):
    cues = [shot.cue for shot in planned.shots]
    pattern = planned.memories.patterns[2]
    assert [np.count_nonzero(cue != pattern) for cue in cues] == [6, 6, 6]
    assert len({cue.tobytes() for cue in cues}) == 3
    for shot in planned.shots:
        np.testing.assert_array_equal(
            shot.encoded_cue, planned.memory.encoder.encode(shot.cue)
        )


def test_traps_are_the_sites_as_commanded_and_then_the_reservoir():
    traps = Traps(xx=1.03, xy=-0.02, yx=0.02, yy=1.03, x=2e-6)
    believed = replace(APPARATUS, traps=traps, axis=Axis(x=3e-6, y=-1e-6))
    plain, spare = (
        planned_with(layout=Layout(reservoir=count), apparatus=believed)
        for count in (0, 20)
    )
    wanted = commanded(plain.positions, believed.axis, traps)
    np.testing.assert_array_equal(plain.traps, wanted)
    np.testing.assert_array_equal(spare.traps[:64], wanted)
    assert spare.traps.shape == (84, 2)
    np.testing.assert_array_equal(spare.positions, plain.positions)
    np.testing.assert_array_equal(spare.memory.minima, plain.memory.minima)


def test_a_product_grid_is_one_of_the_deflectors_wherever_they_point():
    turned = Traps(xx=0.98, xy=-0.2, yx=0.19, yy=0.97)
    believed = replace(APPARATUS, traps=turned, axis=Axis(x=3e-6, y=-1e-6))
    plain = planned_with(layout=Layout(columns=8))
    made = planned_with(layout=Layout(columns=8), apparatus=believed, previous=plain)
    assert turns(plain.positions) == turns(plain.traps) == turns(made.traps) == 1
    assert turns(made.positions) == 64
    assert made.memory is not plain.memory
    assert turns(planned_with().traps) == 64


def test_more_shots_do_not_change_the_first(planned):
    fewer = planned_with(cue=Cue(memory="2"), seed=5)
    np.testing.assert_array_equal(fewer.positions, planned.positions)
    np.testing.assert_array_equal(fewer.memory.minima, planned.memory.minima)
    np.testing.assert_array_equal(fewer.shots[0].cue, planned.shots[0].cue)


def test_the_first_shot_of_a_later_point_goes_on_with_the_stream(planned):
    later = planned_with(cue=Cue(memory="2"), seed=5, first=2, previous=planned)
    np.testing.assert_array_equal(later.shots[0].cue, planned.shots[2].cue)


def test_another_seed_is_another_run(planned):
    other = planned_with(cue=Cue(memory="2"), seed=6)
    assert not np.any(other.positions == planned.positions)
    assert np.any(other.shots[0].cue != planned.shots[0].cue)


def test_the_memory_is_known_by_name_or_by_index(planned):
    name = planned.memories.names[2]
    named = planned_with(cue=Cue(memory=name), seed=5)
    assert named.cued == planned.cued == 2
    np.testing.assert_array_equal(named.shots[0].cue, planned.shots[0].cue)


def test_what_points_have_in_common_is_not_worked_out_again(planned):
    scanned = Cue(memory="2", corruption=0.3)
    other = planned_with(cue=scanned, shots=1, seed=5, first=3, previous=planned)
    assert other.memory is planned.memory
    alone = planned_with(cue=scanned, shots=1, seed=5, first=3)
    np.testing.assert_array_equal(other.shots[0].cue, alone.shots[0].cue)
    for changed in (
        {"layout": Layout(relative_width=2.0)},
        {"stored": Memories(encoder="trained")},
        {"seed": 6},
    ):
        again = planned_with(**({"seed": 5, "previous": planned} | changed))
        assert again.memory is not planned.memory


def test_a_trained_encoder_is_planned_on_the_same_layout_and_cues(planned):
    trained = planned_with(
        Memories(encoder="trained"), Cue(memory="2"), shots=3, seed=5
    )
    np.testing.assert_array_equal(trained.positions, planned.positions)
    for mine, other in zip(trained.shots, planned.shots, strict=True):
        np.testing.assert_array_equal(mine.cue, other.cue)
    assert not np.allclose(
        trained.planned[RecallRecord.encoder], planned.planned[RecallRecord.encoder]
    )


def test_every_planned_dataset_conforms_and_is_declared_so(planned):
    declared = {entry for entry in RecallRecord.entries() if entry.planned}
    for entry, value in planned.planned.items():
        assert entry in declared
        entry.conform(value)
    for shot in planned.shots:
        assert set(shot.rows) <= declared


def test_scattering_is_rate_times_time(planned):
    # At twice the threshold power, for 1 + 0.2 + 1 + 10 ms.
    driven = APPARATUS.pump.replace(rabi_frequency=planned.pump.final)
    rate = couplings.scattering_rate(driven.rabi_frequency, driven, RUBIDIUM_LINEWIDTH)
    assert planned.scattered == pytest.approx(rate * 12.2e-3)
    # lab.md 1.5: one photon in 9.8 ms at threshold.
    assert planned.scattered == pytest.approx(2 * 12.2 / 9.8, rel=0.02)


def test_a_memory_that_is_not_stored():
    with pytest.raises(ParameterError, match="heart"):
        planned_with(cue=Cue(memory="hart"))
    with pytest.raises(ParameterError, match="99"):
        planned_with(cue=Cue(memory="99"))


def test_images_that_do_not_fit_the_ensembles():
    with pytest.raises(PatternError, match="64 pixels needs ensembles=64"):
        planned_with(layout=Layout(ensembles=60))
    fits = planned_with(layout=Layout(ensembles=64))
    assert fits.positions.shape == (64, 2)


def test_crowded_memories_are_warned_about(caplog, tmp_path):
    rng = np.random.default_rng(3)
    patterns = rng.choice([-1, 1], size=(3, 64)).astype(np.int8)
    patterns[2] = patterns[1]
    patterns[2, :4] *= -1
    np.save(tmp_path / "crowded.npy", patterns)
    crowded = Memories(patterns=str(tmp_path / "crowded.npy"))
    planned_with(crowded, Cue(memory="0"))
    (record,) = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert "overlap by up to 0.88" in record.getMessage()


def test_the_icons_need_no_warning(caplog):
    planned_with()
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_handwriting_is_cued_as_it_is():
    rng = np.random.default_rng(0)
    patterns, cues = rng.choice([-1, 1], size=(2, 3, 16)).astype(np.int8)
    labels = np.array([0, 1, 0])
    brought = memories.MemorySet(
        ("a", "b", "c"), patterns, (4, 4), memories.Labelled(cues, labels)
    )
    choice = Cue(corruption=0.5)
    made = {
        make_cue(brought, 0, choice, stream(0, "cue", index)).tobytes()
        for index in range(20)
    }
    assert made == {cues[0].tobytes(), cues[2].tobytes()}
    # A memory without a real cue falls back on a corrupted copy.
    plain = make_cue(brought, 2, choice, stream(0, "cue"))
    assert np.count_nonzero(plain != patterns[2]) == 8


def run_of(rows, points):
    """Return the record of a run of rows, one memory cued at each point."""
    writer = DatasetWriter(Owner())
    writer.store(merged([{R.names: ["a", "b"], R.cued: cued} for cued in points]))
    for row in rows:
        writer.append(row)
    return RecallRecord(writer)


def row_of(point, overlaps, wrong, verdict=Verdict.ok, undetermined=0):
    spins = np.ones(8, np.int8)
    spins[:undetermined] = 0
    return {
        R.point: point, R.overlaps: overlaps, R.pixels_wrong: wrong, R.spins: spins,
        R.cue_overlap: 0.5, R.residual: 0.1, R.verdict: str(verdict),
    }  # fmt: skip


def test_the_summary_is_a_mean_over_the_shots_that_count():
    run = run_of(
        [
            row_of(0, [1.0, 0.0], 0, undetermined=4),
            row_of(0, [0.0, 0.0], 60, verdict=Verdict.undecodable),
            row_of(0, [0.2, 0.6], 5),
        ],
        points=[0],
    )
    summary = run.summarise()
    assert summary[R.memory] == "a"
    assert summary[R.recalled_as] == "b"
    assert summary[R.recalled_overlap] == pytest.approx(0.6)
    assert summary[R.mean_pixels_wrong] == pytest.approx(2.5)
    assert summary[R.undetermined_spins] == pytest.approx(2.0)
    assert summary[R.mean_residual] == pytest.approx(0.1)


def test_dim_sites_may_be_physics_and_count():
    run = run_of(
        [row_of(0, [1.0, 0.0], 0), row_of(0, [0.2, 0.0], 9, verdict=Verdict.dim_sites)],
        points=[0],
    )
    assert run.summarise()[R.recalled_overlap] == pytest.approx(0.6)
    np.testing.assert_array_equal(run.good, [True, True])


def test_each_shot_is_judged_by_the_memory_of_its_point():
    run = run_of([row_of(0, [0.9, 0.1], 1), row_of(1, [0.2, 0.7], 3)], points=[0, 1])
    np.testing.assert_array_equal(run.cued_overlaps, [0.9, 0.7])
    summary = run.summarise()
    assert summary[R.recalled_overlap] == pytest.approx(0.8)
    assert summary[R.memory] == "several"


def test_where_no_shot_is_good_all_count_and_nothing_is_recalled():
    run = run_of([row_of(0, [0.4, 0.1], 20, verdict=Verdict.dark)], points=[0])
    summary = run.summarise()
    assert summary[R.recalled_overlap] == pytest.approx(0.4)
    assert summary[R.recalled_as] == "nothing: no shot counts"
