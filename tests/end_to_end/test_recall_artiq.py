"""The unchanged file under a real ARTIQ: same seed, same data, bit for bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

import analysis
from ccqed_ctrl.calibration.finding import Event
from ccqed_ctrl.calibration.graph import GRAPH
from ccqed_ctrl.calibration.record import Record, history_key, key
from sim_backend.host import is_embedded

from .conftest import RECALL, ROOT
from .masters import Master, complaints, contents

pytestmark = [
    pytest.mark.artiq,
    pytest.mark.skipif(
        is_embedded("artiq"), reason="no real ARTIQ in this interpreter"
    ),
]

#: What the file says of itself by every route.
ABOUT = {
    "backend", "class", "device_db_sha256", "devices", "doubts", "file", "git",
    "minimum_slack", "plant_seed", "truth", "versions",
}  # fmt: skip
#: Attributes that ARTIQ writes; any other is our own host's.
THEIRS = {"precision", "scale", "unit"}

# Scans, units as people write them, an encoder with random numbers of its own, atoms
# that are moved.
CASES = {
    "plain": {"shots": 2, "encoder": "plain"},
    "trained": {"shots": 1, "encoder": "trained"},
    "reservoir": {"shots": 1, "reservoir": 20},
    "scan": {"corruption": "0:0.4:3", "evolution_time": "5ms", "memory": "heart"},
}


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    """The master of these tests."""
    repository = ROOT / "repository"
    master = Master(tmp_path_factory.mktemp("master"), "-r", repository)
    yield master
    master.close()


def assert_same(theirs, ours):
    """Compare two results files: datasets, archive, and what describes them.

    Raw frames are in ARTIQ's files by way of a journal, in ours as a dataset. They come
    first, then plans, then what was read, so that what differs first is the cause.
    """
    with analysis.open(theirs) as found, analysis.open(ours) as expected:
        assert found.frames.dtype == expected.frames.dtype == np.uint16
        assert np.array_equal(found.frames, expected.frames)
    with h5py.File(theirs) as found, h5py.File(ours) as expected:
        journalled = set(found["datasets"]) - set(expected["datasets"])
        assert journalled == {"journal.name", "journal.folder", "journal.sha256"}
        assert set(expected["datasets"]) - set(found["datasets"]) == {"shot.frames"}
        assert set(found["archive"]) == set(expected["archive"])
        for key in sorted(set(found["datasets"]) - journalled):
            dataset, same = (file[f"datasets/{key}"] for file in (found, expected))
            described = {n: value for n, value in same.attrs.items() if n in THEIRS}
            assert dict(dataset.attrs) == described, key
            assert dataset.dtype == same.dtype, key
            if key != "provenance":
                assert np.array_equal(dataset[()], same[()]), key
    about = [json.loads(contents(file)["provenance"]) for file in (theirs, ours)]
    assert [set(facts) for facts in about] == [ABOUT, ABOUT]
    for same in ABOUT - {"git", "device_db_sha256"}:
        assert about[0][same] == about[1][same], same
    assert about[0]["backend"] == "simulation"
    assert about[0]["minimum_slack"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_artiq_run_and_the_embedded_host_leave_the_same_file(recall, tmp_path, case):
    arguments = {"seed": 3, **CASES[case]}
    command = [
        sys.executable, "-m", "artiq.frontend.artiq_run", "--device-db",
        ROOT / "device_db.py", "-o", "out.h5", RECALL,
        *(f"{name}={value!r}" for name, value in arguments.items()),
    ]  # fmt: skip
    environment = os.environ | {"CCQED_BACKEND": "simulation"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=300)
    assert_same(tmp_path / "out.h5", recall(None, **arguments).path)
    stored = contents(tmp_path / "out.h5")
    assert stored["status"] == "ok"
    assert stored["shot.pixels_wrong"][0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_submitted_run_leaves_the_file_the_embedded_host_leaves(recall, master, case):
    arguments = {"seed": 3, **CASES[case]}
    said = len(master.log)
    command = [
        sys.executable, "-m", "artiq.frontend.artiq_client",
        "--port", str(master.ports["control"]), "submit", "-R", "recall.py",
        *(f"{name}={value!r}" for name, value in arguments.items()),
    ]  # fmt: skip
    done = subprocess.run(
        command, check=True, timeout=300, capture_output=True, text=True
    )
    theirs = master.finished(int(done.stdout.split()[-1]))
    ours = recall(None, **arguments).path
    assert_same(theirs, ours)
    with h5py.File(theirs) as found, h5py.File(ours) as expected:
        assert set(expected) - set(found) == {"ccqed"}
        assert set(found) <= set(expected)
        for name in set(found) - {"datasets", "archive"}:
            assert found[name].dtype == expected[name].dtype, name
            assert found[name].shape == expected[name].shape, name
    assert not complaints(master.log[said:])


def test_the_scan_of_the_repository_has_nothing_to_say(master):
    assert not complaints(master.log.partition("repository scan took")[0])
    shown = _explorer(master)
    science = {"Recall a memory", "Recall against corruption", "Relaxation movie"}
    assert science <= shown
    calibrations = {f"calibrations/{name.replace('_', ' ').capitalize()}"
                    for name in GRAPH}  # fmt: skip
    assert calibrations <= shown


def test_what_a_calibration_finds_is_what_the_next_run_believes(master):
    """Records live in the master's own datasets, histories too."""
    given = [("calibrations/camera_background.py", "CameraBackground", {"seed": 1})]
    given += [("calibrations/cavity_axis.py", "CavityAxis", {"drawing": "0,1,2"})]
    camera, axis = (contents(master.finished(master.submit(*each))) for each in given)
    assert camera["summary.refused"] == axis["summary.refused"] == ""
    assert axis["settings.imaging.offset"] == camera["summary.imaging_offset"][0]
    held = json.loads(axis["belief.calibrations"])["camera_background"]
    assert held["state"] == "green"
    record = Record.of(master.ask("dataset_db", "get", key("axis.x")))
    assert record.value == axis["summary.axis_x"][0]
    assert record.parents == {"camera_background": held["id"]}
    (event,) = master.ask("dataset_db", "get", history_key("cavity_axis"))
    assert Event.of(event).event == "measured"


def _explorer(master):
    """Return the names of experiments that dashboards are shown."""
    import asyncio

    from sipyco.sync_struct import Subscriber

    async def first():
        shown = asyncio.Queue()
        subscriber = Subscriber("explist", lambda x: shown.put_nowait(x) or x)
        await subscriber.connect("127.0.0.1", master.ports["notify"])
        found = await asyncio.wait_for(shown.get(), 60)
        await subscriber.close()
        return set(found)

    return asyncio.run(first())
