"""The plan of a recall run: seeds, cues, refusals, datasets."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from ccqed_ctrl import memories, params, recall, schema
from ccqed_ctrl.errors import ParameterError, PatternError
from ccqed_ctrl.model import couplings
from ccqed_ctrl.params import RUBIDIUM_LINEWIDTH
from ccqed_ctrl.rng import stream

APPARATUS = recall.Apparatus()


def settings(shots=1, seed=0, **memory):
    return recall.RecallSettings(
        memory=params.Memory(**memory), run=params.Run(shots=shots, seed=seed)
    )


@pytest.fixture(scope="module")
def icons():
    return memories.load("icons")


@pytest.fixture(scope="module")
def planned(icons):
    return recall.plan_recall(settings(shots=3, seed=5, memory=2), APPARATUS, icons)


def test_each_shot_has_its_own_cue_and_all_share_the_layout(planned, icons):
    cues = [shot.cue for shot in planned.shots]
    assert len(cues) == 3
    wrong = [np.count_nonzero(cue != icons.patterns[2]) for cue in cues]
    assert wrong == [6, 6, 6]  # round(0.1 * 64)
    assert len({cue.tobytes() for cue in cues}) == 3
    for shot in planned.shots:
        np.testing.assert_array_equal(
            shot.encoded_cue, planned.memory.encoder.encode(shot.cue)
        )


def test_more_shots_do_not_change_the_first(planned, icons):
    fewer = recall.plan_recall(settings(shots=1, seed=5, memory=2), APPARATUS, icons)
    np.testing.assert_array_equal(fewer.memory.positions, planned.memory.positions)
    np.testing.assert_array_equal(fewer.memory.minima, planned.memory.minima)
    np.testing.assert_array_equal(fewer.shots[0].cue, planned.shots[0].cue)


def test_another_seed_is_another_run(planned, icons):
    other = recall.plan_recall(settings(seed=6, memory=2), APPARATUS, icons)
    assert not np.any(other.memory.positions == planned.memory.positions)
    assert np.any(other.shots[0].cue != planned.shots[0].cue)


def test_a_trained_encoder_is_planned_on_the_same_layout_and_cues(planned, icons):
    chosen = settings(shots=3, seed=5, memory=2, encoder="trained")
    trained = recall.plan_recall(chosen, APPARATUS, icons)
    np.testing.assert_array_equal(trained.memory.positions, planned.memory.positions)
    for mine, other in zip(trained.shots, planned.shots, strict=True):
        np.testing.assert_array_equal(mine.cue, other.cue)
        np.testing.assert_array_equal(
            mine.encoded_cue, trained.memory.encoder.encode(mine.cue)
        )
    assert trained.datasets()["settings.memory.encoder"] == "trained"
    assert not np.allclose(
        trained.datasets()["plan.encoder"], planned.datasets()["plan.encoder"]
    )


def test_every_dataset_conforms(planned):
    published = {}

    class Owner:
        def set_dataset(self, key, value, **options):
            published[key] = value

    schema.publish(Owner(), planned.datasets())
    assert published["schema_revision"] == schema.REVISION
    assert published["progress.done"] == 0
    assert published["progress.total"] == 3
    assert published["seed"] == 5
    assert published["shot.cue"].shape == (3, 64)
    np.testing.assert_array_equal(published["plan.kernel"], planned.memory.kernel)


def test_scattering_is_rate_times_time(planned):
    # At twice the threshold power, for 1 + 0.2 + 10 ms.
    driven = APPARATUS.pump.replace(rabi_frequency=planned.pump.final)
    rate = couplings.scattering_rate(driven.rabi_frequency, driven, RUBIDIUM_LINEWIDTH)
    assert planned.scattered == pytest.approx(rate * 11.2e-3)
    # lab.md 1.5: one photon in 9.8 ms at threshold.
    assert planned.scattered == pytest.approx(2 * 11.2 / 9.8, rel=0.02)


def test_a_memory_that_is_not_stored(icons):
    with pytest.raises(
        ParameterError, match=f"memory must be below {len(icons.names)}"
    ):
        recall.plan_recall(settings(memory=len(icons.names)), APPARATUS, icons)


def test_images_that_do_not_fit_the_ensembles(icons):
    chosen = recall.RecallSettings(layout=params.Layout(ensembles=60))
    with pytest.raises(PatternError, match="64 pixels needs ensembles=64; got"):
        recall.plan_recall(chosen, APPARATUS, icons)


def test_crowded_memories_are_warned_about(caplog):
    rng = np.random.default_rng(3)
    patterns = rng.choice([-1, 1], size=(3, 64)).astype(np.int8)
    patterns[2] = patterns[1]
    patterns[2, :4] *= -1
    crowded = memories.MemorySet(("a", "b", "c"), patterns, (8, 8))
    recall.plan_recall(settings(memory=0), APPARATUS, crowded)
    (record,) = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert "overlap by up to 0.88" in record.getMessage()


def test_the_icons_need_no_warning(planned, icons, caplog):
    recall.plan_recall(settings(), APPARATUS, icons)
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_handwriting_is_cued_as_it_is():
    rng = np.random.default_rng(0)
    patterns, cues = rng.choice([-1, 1], size=(2, 3, 16)).astype(np.int8)
    labels = np.array([0, 1, 0])
    brought = memories.MemorySet(
        ("a", "b", "c"), patterns, (4, 4), memories.Labelled(cues, labels)
    )
    choice = params.Memory(memory=0, corruption=0.5)
    made = {
        recall.make_cue(brought, choice, stream(0, "cue", index)).tobytes()
        for index in range(20)
    }
    assert made == {cues[0].tobytes(), cues[2].tobytes()}
    # A memory without a real cue falls back on a corrupted copy.
    plain = recall.make_cue(brought, choice.replace(memory=2), stream(0, "cue"))
    assert np.count_nonzero(plain != patterns[2]) == 8
