"""The unchanged file under a real ARTIQ: same seed, same data, bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from sim_backend.artiq_host import is_embedded

from .conftest import RECALL, ROOT

pytestmark = [
    pytest.mark.artiq,
    pytest.mark.skipif(
        is_embedded("artiq"), reason="no real ARTIQ in this interpreter"
    ),
]


def test_artiq_run_and_the_embedded_host_store_the_same_datasets(recall, tmp_path):
    command = [
        sys.executable, "-m", "artiq.frontend.artiq_run", "--device-db",
        ROOT / "device_db.py", "-o", "out.h5", RECALL, "seed=3", "shots=2",
    ]  # fmt: skip
    environment = os.environ | {"CCQED_BACKEND": "simulation"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=120)
    ours = recall(None, seed=3, shots=2).datasets.local
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
