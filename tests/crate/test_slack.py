"""Slack: underflows, the least slack and its line, what code costs."""

from __future__ import annotations

import pytest
from artiq.coredevice.exceptions import RTIOUnderflow
from artiq.experiment import (
    at_mu,
    delay,
    delay_mu,
    kernel,
    ms,
    us,
)

from sim_backend.crate.drivers.core import REALTIME_MARGIN


def test_underflow_names_channel_and_slack(bench):
    class Late:
        @kernel
        def run(self):
            self.core.reset()
            delay(-1 * ms)
            self.ttl1.on()

        @kernel
        def caught(self):
            self.core.reset()
            try:
                at_mu(self.core.get_rtio_counter_mu())
                self.ttl1.on()
            except RTIOUnderflow:
                self.core.break_realtime()
                self.ttl1.pulse(1 * us)
                return True
            return False

    lab = bench.experiment(Late, "ttl1")
    with pytest.raises(RTIOUnderflow, match=r"0x0001:ttl1, \d+ mu, slack -\d+ mu") as e:
        lab.run()
    assert e.value.channel == 1
    assert e.value.slack_mu == pytest.approx(-1_000_000 + REALTIME_MARGIN, abs=1000)
    assert lab.caught()
    assert len(bench.timeline.pulses("ttl1")) == 1


def test_the_last_cycles_before_the_counter_underflow_too(bench):
    """The gateware wants twelve coarse cycles: 96 mu ahead is late, 104 is not."""

    class Edge:
        @kernel
        def run(self, ahead):
            self.core.reset()
            counter = self.core.rtio.counter + round(self.core.costs.output / 1e-9)
            at_mu((counter // 8) * 8 + ahead)
            self.ttl0.on()

    lab = bench.experiment(Edge, "ttl0")
    lab.run(104)
    with pytest.raises(RTIOUnderflow):
        lab.run(96)


def test_minimum_slack_and_its_line(bench):
    class Slack:
        @kernel
        def run(self):
            self.core.reset()
            delay(1 * ms)
            self.ttl0.on()
            delay(-1 * ms)
            self.ttl0.off()  # the tight one
            delay(5 * ms)
            self.ttl0.on()

    lab = bench.experiment(Slack, "ttl0")
    assert bench.core.minimum_slack is None
    lab.run()
    expected = REALTIME_MARGIN * 1e-9 - 2 * bench.core.costs.output
    assert bench.core.minimum_slack == pytest.approx(expected, abs=1e-9)
    file, line = bench.core.minimum_slack_place.rsplit(":", 1)
    assert file == __file__
    with open(file, encoding="utf-8") as source:  # noqa: PTH123
        assert "the tight one" in source.read().splitlines()[int(line) - 1]
    ((name, slack),) = bench.core.slack_by_kernel.items()
    assert name == Slack.run.__qualname__
    assert slack.channel == "ttl0"
    assert slack.place == bench.core.minimum_slack_place
    assert slack.slack_mu * 1e-9 == bench.core.minimum_slack


def test_a_long_loop_eats_its_slack(bench):
    """Pulses closer together than the CPU takes for them must underflow in the end."""

    class Fast:
        @kernel
        def run(self, pulses, gap):
            self.core.reset()
            for _ in range(pulses):
                self.ttl0.pulse_mu(gap)
                delay_mu(gap)

    lab = bench.experiment(Fast, "ttl0")
    cost = round(bench.core.costs.output / 1e-9)
    lab.run(2000, cost + 10)
    with pytest.raises(RTIOUnderflow):
        lab.run(2000, cost - 100)
