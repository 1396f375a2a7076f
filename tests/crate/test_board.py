"""The board: one order of what happens at one instant, whoever asked first."""

from __future__ import annotations

import pytest
from artiq.experiment import at_mu, delay, kernel, ms, now_mu, us
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccqed_ctrl.errors import TimelineError

DEVICES = ("ttl0", "ttl1", "in0", "counter", "zotino", "dds0", "dds1", "other0")


class Simultaneous:
    """Lines, DACs and two DDS cards that do things at the same instants."""

    @kernel
    def run(self):
        self.core.reset()
        delay(10 * ms)
        self.zotino.init()
        delay(1 * ms)
        self.dds0.set(100e6, amplitude=0.5)
        delay(1 * us)
        self.dds1.set(80e6, amplitude=0.25)
        delay(1 * us)
        self.other0.set(10e6, amplitude=1.0)
        delay(1 * ms)
        self.zotino.set_dac([1.0, 2.0], [5, 3])
        start = (now_mu() + 1_000_000) & ~7
        for turn in self.order:
            at_mu(start)
            if turn == 0:
                self.ttl0.pulse(1 * us)
            elif turn == 1:
                self.ttl1.pulse(1 * us)
            elif turn == 2:
                self.dds0.sw.pulse(1 * us)
            elif turn == 3:
                self.dds1.sw.pulse(1 * us)
            elif turn == 4:
                self.other0.cpld.io_update.pulse_mu(8)
            elif turn == 5:
                self.dds0.cpld.io_update.pulse_mu(8)
            elif turn == 6:
                self.in0.gate_rising(1 * us)
            else:
                self.counter.gate_rising(1 * us)


@pytest.fixture
def database(urukul, bench, analog):
    """Two Urukul cards, a Zotino, lines and inputs."""
    other = {
        name.replace("dds", "other").replace("sw", "osw").replace("0_cpld", "1_cpld"): e
        for name, e in urukul().items()
    }
    renamed = {"spi_urukul0": "spi_urukul1", "io_update": "io_update1"}
    other = {renamed.get(name, name): dict(entry) for name, entry in other.items()}
    for entry in other.values():
        found = dict(entry["arguments"])
        if "channel" in found:
            found["channel"] += 20
        if "sw_device" in found:
            found["sw_device"] = "o" + found["sw_device"]
        if "cpld_device" in found:
            found["cpld_device"] = "urukul1_cpld"
        for key in ("spi_device", "io_update_device"):
            if key in found:
                found[key] = renamed[found[key]]
        entry["arguments"] = found
    return bench.device_db | analog.device_db | urukul() | other


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=15,
)
@given(data=st.data())
def test_what_is_simultaneous_has_one_order(make_bench, database, data):
    """Whatever the order of the database, of asking, and of the kernel's statements."""

    def lived(keys, asked, order):
        made = make_bench({key: database[key] for key in keys})
        for name in asked:
            made.get(name)
        lab = made.experiment(Simultaneous, *DEVICES)
        lab.order = order
        lab.run()
        return [event for events, _ in made.plant.lived for event in events]

    reference = lived(sorted(database), DEVICES, list(range(8)))
    assert len(reference) > 25
    assert reference == lived(
        data.draw(st.permutations(sorted(database)), "database"),
        data.draw(st.permutations(DEVICES), "asked"),
        data.draw(st.permutations(range(8)), "statements"),
    )


def test_words_of_one_instant_go_by_channel(bench):
    """The gateware shows them to the pins at once; the kernel's order is not seen."""

    class Both:
        @kernel
        def run(self):
            self.core.reset()
            self.ttl2.on()
            self.ttl1.on()

    written = []
    for channel in (1, 2):
        phy = bench.core.rtio.phy(channel)
        phy.listen(lambda time_mu, _level, key=phy.key: written.append((time_mu, key)))
    bench.experiment(Both, "ttl1", "ttl2").run()
    assert [key for _, key in sorted(written)] == ["ttl1", "ttl2"]
    assert [key for _, key in written] == ["ttl1", "ttl2"]


def test_a_channel_without_a_card_is_named(bench):
    with pytest.raises(TimelineError, match="0x00ff has no card"):
        bench.core.rtio.phy(0xFF)
