"""A plant without atoms, as the simulated controllers find it."""

from __future__ import annotations

import pytest

from sim_backend.crate.link import Link
from tests.laboratory.bench import WIRING


class DeviceManager:
    """Gives the link and nothing else."""

    def __init__(self, link):
        self._link = link

    def get(self, name):
        assert name == "plant"
        return self._link


@pytest.fixture
def link():
    return Link(
        None,
        WIRING,
        {"imaging": {"pixels": 32}, "modes": {"max_order": 40}},
        module="sim_backend.laboratory",
    )


@pytest.fixture
def device_manager(link):
    return DeviceManager(link)
