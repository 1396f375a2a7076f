"""A bench: a small core device on a plant that records what reaches it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from sim_backend.host import ensure_artiq

ensure_artiq()

from sim_backend.crate.catalogue import SIMULATED  # noqa: E402 (imports artiq)
from sim_backend.crate.link import Link  # noqa: E402
from sim_backend.crate.recording import RecordingPlant  # noqa: E402


class Plant(RecordingPlant):
    """What a laboratory without a plant of its own gets, and what reached it.

    `inputs` are functions of time, for values that no script could foresee.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lived: list[tuple[list[Any], int]] = []
        self.inputs: dict[tuple[str, str], Any] = {}

    def advance(self, events, until_mu):
        self.lived.append((list(events), until_mu))
        super().advance(events, until_mu)

    def observe(self, channel, signal, time_mu):
        if (channel, signal) in self.inputs:
            return self.inputs[channel, signal](time_mu)
        return super().observe(channel, signal, time_mu)


class Bench:
    """A device manager with the plant in reach: descriptions in, shared drivers out."""

    def __init__(self, device_db: dict[str, Any], plant: Any = None) -> None:
        self.device_db = {"core": describe("core", "Core", host="", ref_period=1e-9)}
        self.device_db |= device_db
        self.plant = plant or Plant()
        self.link = Link(self, {}, plant=self.plant)
        self.timeline = self.link.timeline
        self._made: dict[str, Any] = {"plant": self.link}
        self.core = self.get("core")

    def get_device_db(self):
        return self.device_db

    def get(self, name):
        while isinstance(self.device_db.get(name), str):
            name = self.device_db[name]
        if name not in self._made:
            entry = self.device_db[name]
            driver = getattr(import_module(entry["module"]), entry["class"])
            self._made[name] = driver(self, **entry.get("arguments", {}))
        return self._made[name]

    def experiment(self, kind: type, *names: str) -> Any:
        """Return an instance of `kind` with the core and named devices on it."""
        instance = kind()
        for name in ("core", *names):
            setattr(instance, name, self.get(name))
        return instance

    def signals(self, channel: str) -> list[tuple[int, str, float]]:
        """Return what one channel did, without its name."""
        return [(e.time_mu, e.signal, e.value) for e in self.events(channel)]

    def events(self, channel: str) -> list[Any]:
        return [event for event in self.timeline.events if event.channel == channel]


def describe(module: str, name: str, **arguments: Any) -> dict[str, Any]:
    assert name in SIMULATED[module]
    return {
        "type": "local",
        "module": f"sim_backend.crate.drivers.{module}",
        "class": name,
        "arguments": arguments,
    }


def urukul(proto_rev: int = 9) -> dict[str, Any]:
    """Return one Urukul card from RTIO channel 20 on."""
    entries = {
        "spi_urukul0": describe("spi2", "SPIMaster", channel=20),
        "io_update": describe("ttl", "TTLOut", channel=21),
        "urukul0_cpld": describe(
            "urukul",
            "CPLD",
            spi_device="spi_urukul0",
            io_update_device="io_update",
            refclk=125e6,
            proto_rev=proto_rev,
        ),
    }
    for n in range(4):
        entries[f"sw{n}"] = describe("ttl", "TTLOut", channel=22 + n)
        entries[f"dds{n}"] = describe(
            "ad9910",
            "AD9910",
            pll_n=32,
            chip_select=4 + n,
            cpld_device="urukul0_cpld",
            sw_device=f"sw{n}",
        )
    return entries


@pytest.fixture(name="urukul")
def describe_urukul():
    """Return the function that describes an Urukul card."""
    return urukul


@pytest.fixture
def make_bench():
    return Bench


@pytest.fixture
def local():
    """Return the function that describes one device."""
    return describe


@pytest.fixture
def bench():
    """Four digital outputs, two inputs with a counter, and recorded sequences."""
    entries = {f"ttl{n}": describe("ttl", "TTLOut", channel=n) for n in range(4)}
    entries |= {f"in{n}": describe("ttl", "TTLInOut", channel=8 + n) for n in range(2)}
    entries["counter"] = describe("edge_counter", "EdgeCounter", channel=10)
    entries["core_dma"] = describe("dma", "CoreDMA")
    entries["core_cache"] = describe("cache", "CoreCache")
    return Bench(entries)


@pytest.fixture
def card():
    """One Urukul with its four DDS channels made."""
    made = Bench(urukul())
    for n in range(4):
        made.get(f"dds{n}")
    return made


@pytest.fixture
def old_card():
    """The same with protocol revision 8."""
    made = Bench(urukul(8))
    for n in range(4):
        made.get(f"dds{n}")
    return made


@pytest.fixture
def analog():
    """A Zotino and a Sampler."""
    return Bench(
        {
            "spi_zotino": describe("spi2", "SPIMaster", channel=30),
            "ldac": describe("ttl", "TTLOut", channel=31),
            "clr": describe("ttl", "TTLOut", channel=32),
            "zotino": describe(
                "zotino",
                "Zotino",
                spi_device="spi_zotino",
                ldac_device="ldac",
                clr_device="clr",
            ),
            "spi_adc": describe("spi2", "SPIMaster", channel=33),
            "spi_pgia": describe("spi2", "SPIMaster", channel=34),
            "cnv": describe("ttl", "TTLOut", channel=35),
            "sampler": describe(
                "sampler",
                "Sampler",
                spi_adc_device="spi_adc",
                spi_pgia_device="spi_pgia",
                cnv_device="cnv",
            ),
        }
    )
