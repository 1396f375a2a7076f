"""The unchanged file under a real ARTIQ: same seed, same data, bit for bit."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest

from sim_backend.host import is_embedded

from .conftest import RECALL, ROOT

pytestmark = [
    pytest.mark.artiq,
    pytest.mark.skipif(
        is_embedded("artiq"), reason="no real ARTIQ in this interpreter"
    ),
]


@pytest.mark.parametrize("encoder", ["plain", "trained"])
def test_artiq_run_and_the_embedded_host_store_the_same_datasets(
    recall, tmp_path, encoder
):
    command = [
        sys.executable, "-m", "artiq.frontend.artiq_run", "--device-db",
        ROOT / "device_db.py", "-o", "out.h5", RECALL, "seed=3", "shots=2",
        f"encoder={encoder!r}",
    ]  # fmt: skip
    environment = os.environ | {"CCQED_BACKEND": "simulation"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=120)
    ours = recall(None, seed=3, shots=2, encoder=encoder).datasets.local
    with h5py.File(tmp_path / "out.h5") as theirs:
        stored = theirs["datasets"]
        assert set(stored) == set(ours)
        for key, value in ours.items():
            found = stored[key][()]
            if isinstance(value, str):
                assert found.decode() == value, key
            elif isinstance(value, list | tuple):
                assert [item.decode() for item in found] == list(value), key
            else:
                assert np.asarray(found).dtype == np.asarray(value).dtype, key
                assert np.array_equal(found, value), key
        assert np.all(stored["shot.pixels_wrong"][()] == 0)


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]
    finally:
        for item in sockets:
            item.close()


@pytest.fixture
def master(tmp_path):
    """Start `artiq_master` on our repository; gives the command that submits."""
    notify, control, logging, broadcast = map(str, _free_ports(4))
    command = [
        sys.executable, "-m", "artiq.frontend.artiq_master", "--device-db",
        ROOT / "device_db.py", "-r", ROOT / "repository", "--bind", "127.0.0.1",
        "--port-notify", notify, "--port-control", control,
        "--port-logging", logging, "--port-broadcast", broadcast,
    ]  # fmt: skip
    environment = os.environ | {"CCQED_BACKEND": "simulation"}
    with (tmp_path / "master.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=log, stderr=log
        )
    _wait_for(lambda: "now ready" in (tmp_path / "master.log").read_text())
    client = [sys.executable, "-m", "artiq.frontend.artiq_client"]
    yield [*client, "--port", control, "submit"]
    process.terminate()
    process.wait(timeout=20)


def _wait_for(condition, timeout=90):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize("encoder", ["plain", "trained"])
def test_a_submitted_run_leaves_the_file_the_embedded_host_leaves(
    recall, master, tmp_path, encoder
):
    arguments = ["-R", "recall.py", "seed=3", "shots=2", f"encoder={encoder!r}"]
    subprocess.run([*master, *arguments], cwd=tmp_path, check=True, timeout=60)
    _wait_for(lambda: list(tmp_path.glob("results/2*/*/000000000-Recall.h5")))
    (file,) = tmp_path.glob("results/2*/*/000000000-Recall.h5")
    _wait_for(lambda: _is_complete(file))
    ours = recall(None, seed=3, shots=2, encoder=encoder).path
    with h5py.File(file) as theirs, h5py.File(ours) as mine:
        assert set(mine) - set(theirs) == {"ccqed"}
        assert set(theirs) <= set(mine)
        for name in theirs:
            if isinstance(theirs[name], h5py.Dataset):
                assert theirs[name].dtype == mine[name].dtype, name
                assert theirs[name].shape == mine[name].shape, name
        for group in ("datasets", "archive"):
            assert set(theirs[group]) == set(mine[group])
            for key, dataset in theirs[group].items():
                same = mine[group][key]
                assert dict(dataset.attrs) == dict(same.attrs), key
                assert dataset.dtype == same.dtype, key
                assert np.array_equal(dataset[()], same[()]), key
    # The scan found nothing to say about the repository.
    assert "WARNING" not in (tmp_path / "master.log").read_text()


def _is_complete(file):
    try:
        with h5py.File(file) as result:
            return "summary.residual" in result["datasets"]
    except OSError:
        return False
