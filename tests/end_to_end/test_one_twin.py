"""One plant in a process of its own: runs find what the last one left, and when."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from sipyco.pc_rpc import Client

import analysis
from sim_backend.host import is_embedded
from tests.sockets import twin

from .conftest import RECALL, ROOT
from .masters import Master, contents

ARGUMENTS = {"memory": "heart", "seed": 3}
real = pytest.mark.skipif(is_embedded("artiq"), reason="no real ARTIQ is installed")


@pytest.fixture
def laboratory(monkeypatch):
    """A twin of seed 3, which runs in this process and its children use; its port."""
    with twin(seed=3) as port:
        monkeypatch.setenv("CCQED_TWIN", f"[::1]:{port}")
        yield port


def ask(port, target, method):
    client = Client("::1", port, target)
    try:
        return getattr(client, method)()
    finally:
        client.close_rpc()


def frames(path):
    with analysis.open(path) as run:
        return np.array(run.frames)


def test_two_runs_are_one_history(recall, monkeypatch, laboratory):
    # In this process first, with a plant of the same seed.
    address = os.environ.pop("CCQED_TWIN")
    own = recall(3, **ARGUMENTS, shots=1)
    monkeypatch.setenv("CCQED_TWIN", address)

    first = recall(3, **ARGUMENTS, shots=1)
    after_first = ask(laboratory, "plant", "identity")["now_mu"]
    # What the run commanded is still so.
    sites = ask(laboratory, "tweezers", "positions")
    assert ask(laboratory, "dmd", "displayed") == -1
    assert ask(laboratory, "plant", "safe_state") == []
    second = recall(3, **ARGUMENTS, shots=1)
    after_second = ask(laboratory, "plant", "identity")["now_mu"]

    assert [run.status for run in (own, first, second)] == ["ok"] * 3
    np.testing.assert_array_equal(frames(first.path), frames(own.path))
    # Other atoms and other noise at another time: of the same laboratory.
    assert not np.array_equal(frames(second.path), frames(first.path))
    assert after_first == own.plant.plant.now_mu
    assert after_second == 2 * after_first
    assert len(sites) == 64
    with h5py.File(first.path) as found, h5py.File(own.path) as expected:
        for key in ("truth", "seeds", "backend"):
            assert found[f"ccqed/{key}"][()] == expected[f"ccqed/{key}"][()], key


def test_files_say_the_truth_of_the_twin_and_not_of_the_run(recall, monkeypatch):
    with twin("cloud.atoms=5000", seed=8) as port:
        monkeypatch.setenv("CCQED_TWIN", f"localhost:{port}")
        outcome = recall(3, **ARGUMENTS, shots=1)
        refused = recall(3, twin={"cloud": {"atoms": 9}}, **ARGUMENTS, shots=1)
    assert outcome.status == "ok"
    about = json.loads(contents(outcome.path)["provenance"])
    assert about["truth"]["cloud"]["atoms"] == 5000
    assert about["plant_seed"] == 8
    with h5py.File(outcome.path) as file:
        told = file["ccqed/truth"][()].decode(), file["ccqed/seeds"][()].decode()
    assert "5000" in told[0]
    assert json.loads(told[1])["plant"] == 8
    assert refused.status == "bad input"
    assert "has a truth of its own" in str(refused.error)


def test_without_its_twin_a_run_is_refused(recall, laboratory, monkeypatch):
    client = Client("::1", laboratory, "plant")
    client.terminate()
    client.close_rpc()
    outcome = recall(3, **ARGUMENTS, shots=1)
    assert outcome.status == "bad input"
    assert "start aqctl_ccqed_twin there" in str(outcome.error)


@pytest.mark.artiq
@pytest.mark.slow
@real
def test_artiqs_runs_are_part_of_the_history(recall, tmp_path, monkeypatch, laboratory):
    command = [
        sys.executable, "-m", "artiq.frontend.artiq_run", "--device-db",
        ROOT / "device_db.py", "-o", "out.h5", RECALL, "memory='heart'", "seed=3",
        "shots=1",
    ]  # fmt: skip
    environment = os.environ | {"CCQED_BACKEND": "simulation"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=300)
    now_mu = ask(laboratory, "plant", "identity")["now_mu"]
    recall(3, **ARGUMENTS, shots=1)
    assert ask(laboratory, "plant", "identity")["now_mu"] == 2 * now_mu
    monkeypatch.delenv("CCQED_TWIN")
    own = recall(3, **ARGUMENTS, shots=1)
    np.testing.assert_array_equal(frames(tmp_path / "out.h5"), frames(own.path))
    about = json.loads(contents(tmp_path / "out.h5")["provenance"])
    assert (about["backend"], about["plant_seed"]) == ("simulation", 3)


@pytest.mark.artiq
@pytest.mark.slow
@real
def test_runs_take_turns_on_one_plant(tmp_path, laboratory):
    master = Master(tmp_path, "-r", ROOT / "repository")
    try:
        arguments = ARGUMENTS | {"memory": "heart", "shots": 4}
        patient = master.submit("recall.py", "Recall", arguments)
        master.wait(lambda: ask(laboratory, "plant", "identity")["now_mu"] > 0)
        arguments["shots"] = 1
        urgent = master.submit("recall.py", "Recall", arguments, priority=1)
        files = [master.finished(rid) for rid in (urgent, patient)]
    finally:
        master.close()
    found = [contents(file) for file in files]
    assert [one["status"] for one in found] == ["ok", "ok"]
    assert [len(one["shot.verdict"]) for one in found] == [1, 4]
    assert files[0].stat().st_mtime < files[1].stat().st_mtime
