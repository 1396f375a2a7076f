"""The whole path: arguments, plan, kernels, RTIO, plant, camera, decoding, file."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from PIL import Image

from ccqed_ctrl import memories

from .conftest import FAST, RECALL, stored

ARTIQ_ROOTS = {
    "archive", "artiq_version", "datasets", "expid", "rid", "run_time", "start_time",
}  # fmt: skip


def test_the_default_run_recalls_its_memory_and_tells_where_it_is(ccqed, tmp_path):
    done = ccqed("run", RECALL)
    assert done.returncode == 0, done.stderr
    for row in (
        "memory",
        "mean cue overlap",
        "recalled overlap",
        "mean pixels wrong",
        "mean residual",
    ):
        assert row in done.stdout
    assert "minimum slack" in done.stdout
    (file,) = tmp_path.glob("results/*/*/000000000-Recall.h5")
    assert file.name in done.stdout.replace("\n", "")
    with h5py.File(file) as result:
        assert set(result) == ARTIQ_ROOTS | {"ccqed"}
        assert result["ccqed/status"][()] == b"ok"
        assert result["datasets/backend"][()] == b"simulation"
        assert result["datasets/shot.pixels_wrong"][0] == 0
        assert result["datasets/shot.frames"].shape == (1, 2, 256, 256)
        assert result["datasets/shot.frames"].dtype == np.uint16
        assert result["datasets/plan.positions"].attrs["unit"] == "um"


@pytest.mark.slow
def test_ten_per_cent_of_corruption_is_undone_in_7_of_8_laboratories(recall):
    """`python -m benchmarks expected` asks many more."""
    outcomes = [stored(recall(seed)) for seed in range(8)]
    wrong = [int(data["shot.pixels_wrong"][0]) for data in outcomes]
    assert sum(count == 0 for count in wrong) >= 7
    assert all(data["shot.cue_overlap"][0] < 0.85 for data in outcomes)


@pytest.mark.slow
def test_a_cue_without_information_recalls_nothing(recall):
    """Half the pixels flipped leave no overlap; more would be a leak of the truth.

    Each overlap lies in [-1, 1], so the mean of 40 has a standard error below 0.16;
    independent of the memory its mean is zero. The fastest dynamics: a leak would be
    in the cue, and steepest descent forgets least of it.
    """
    overlaps = []
    for seed in range(4):
        data = stored(recall(seed, FAST, corruption=0.5, shots=10))
        overlaps += list(data["shot.overlaps"][:, 3])
        assert np.all(data["shot.cue_overlap"] == 0)
    spread = np.std(overlaps) / np.sqrt(len(overlaps))
    assert abs(np.mean(overlaps)) < 3 * spread
    assert spread < 0.16


def test_the_same_seed_gives_the_same_file_and_another_seed_does_not(recall):
    made = [recall(seed) for seed in (5, 5, 6)]
    first, again, other = map(stored, made)
    assert first.keys() == again.keys()
    for key, value in first.items():
        if not key.startswith("journal."):  # whose name is the run's
            assert np.array_equal(value, again[key]), key
    frames = []
    for outcome in made:
        with h5py.File(outcome.path) as file:
            frames.append(file["datasets/shot.frames"][()])
    assert np.array_equal(frames[0], frames[1])
    assert not np.array_equal(frames[0], frames[2])
    assert not np.array_equal(first["plan.positions"], other["plan.positions"])


@pytest.mark.parametrize("kernel", ["exact", "printed"])
def test_mean_field_dynamics_run_under_both_kernels(recall, kernel):
    outcome = recall(1, twin={"dynamics": "mean_field", "flip_rates": kernel})
    assert outcome.status == "ok"
    data = stored(outcome)
    assert data["shot.residual"][0] < 0.01
    assert np.all(data["shot.spins"] != 0)


def test_handwriting_is_cued_by_real_digits(recall):
    data = stored(recall(2, FAST, patterns="digits", memory=4, shots=3))
    cues = memories.load("digits").cues.of(4)
    for cue in data["shot.cue"]:
        assert (cues == cue).all(axis=1).any()


def test_a_trained_encoder_recalls_handwriting_that_the_plain_one_does_not(recall):
    right = {}
    for encoder in ("plain", "trained"):
        outcome = recall(
            3, twin=FAST, patterns="digits", memory=(0, 3, 6, 9), shots=10,
            encoder=encoder,
        )  # fmt: skip
        data = stored(outcome)
        cued = data["plan.cued"][data["shot.point"]]
        assert len(cued) == 40
        right[encoder] = np.mean(np.argmax(data["shot.overlaps"], axis=1) == cued)
    # Of these dynamics 0.8 and 0.6 are expected; 40 shots leave 0.06 to 0.08 of chance.
    assert right["trained"] > right["plain"]
    assert right["trained"] > 0.6


def _png(path, size):
    Image.fromarray(np.zeros(size, np.uint8)).save(path)


def _folder(tmp_path, *sizes):
    folder = tmp_path / "images"
    folder.mkdir()
    for index, size in enumerate(sizes):
        _png(folder / f"{index}.png", size)
    return folder


def _many(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "many.npy", rng.choice([-1, 1], (20, 16)).astype(np.int8))
    return tmp_path / "many.npy"


BAD_INPUT = {
    "missing folder": (lambda p: {"patterns": str(p / "none")}, "none"),
    "empty folder": (lambda p: {"patterns": str(_folder(p))}, "images"),
    "unequal sizes": (
        lambda p: {"patterns": str(_folder(p, (8, 8), (4, 8)))},
        "one size",
    ),
    "wrong ensembles": (lambda p: {"ensembles": 49}, "ensembles=64"),
    "corruption": (lambda p: {"corruption": 1.5}, "Cue.corruption"),
    "encoder": (lambda p: {"encoder": "hebbian"}, "encoder"),
    "negative corruption": (lambda p: {"corruption": -0.1}, "Cue.corruption"),
    "nan": (lambda p: {"evolution_time": float("nan")}, "evolution_time"),
    "memory index": (lambda p: {"memory": 10}, "an index from 0 to 9"),
    "too many memories": (
        lambda p: {"patterns": str(_many(p)), "ensembles": 16},
        "at most N = 16",
    ),
    "unpackable": (lambda p: {"minimum_distance": 200e-6}, "ensembles fit"),
    "pump limit": (lambda p: {"pump_over_threshold": 50.0}, "pump set-point"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_refused_before_anything_runs(recall, tmp_path, case):
    make, expected = BAD_INPUT[case]
    outcome = recall(**make(tmp_path))
    assert outcome.exit_code == 2
    assert outcome.status == "bad input"
    assert expected in str(outcome.error)
    assert outcome.path is None
    assert not list(tmp_path.glob("results/**/*.h5"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["colour=red"], "colour"),
        (["-c", "Recal"], "Recall"),
        (["--results", "/proc/none"], "/proc/none"),
        (["--results", "/mnt/not mounted/results"], "is its disk mounted?"),
        (["--twin", "dynamics=magic"], "steepest_descent"),
    ],
)
def test_the_command_line_names_what_it_cannot_do(ccqed, arguments, expected):
    done = ccqed("run", RECALL, *arguments)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
