"""Every test may import `artiq`: the installed one, or the embedded stand-in."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from ccqed_ctrl.storage import SPARE
from sim_backend.host import ensure_artiq
from tests.disks import disk

ensure_artiq()

# A busy machine makes drawing examples slow; that says nothing about the code.
settings.register_profile(
    "ccqed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ccqed")

# Tables fold at the width of the terminal that happens to run the tests.
os.environ["COLUMNS"] = "200"

# These processes, and those that they start, share the cores: threads of linear algebra
# that wait for each other cost up to ten times the work. Read when NumPy is imported.
os.environ["OPENBLAS_NUM_THREADS"] = "1"


def pytest_xdist_auto_num_workers(config):
    """Give a run of folders a process per core, and one of named files this process."""
    return 0 if any(".py" in argument for argument in config.args) else None


@pytest.fixture
def mounted(tmp_path):
    """A small disk of its own."""
    with disk(tmp_path, 24) as made:
        yield made


@pytest.fixture
def spare(tmp_path, monkeypatch):
    """Configure a second folder."""
    folder = tmp_path / "spare"
    folder.mkdir()
    monkeypatch.setenv(SPARE, str(folder))
    return folder
