"""System calls of the core device, and what ARTIQ makes of them, in users' kernels."""

from __future__ import annotations

import pytest
from artiq.coredevice.core import rtio_get_counter
from artiq.coredevice.i2c import i2c_start
from artiq.coredevice.rtio import rtio_output

from sim_backend.host import is_embedded, runner

pytestmark = pytest.mark.skipif(
    not is_embedded("artiq"), reason="a real ARTIQ is installed"
)
DEVICE_DB = """
def artiq(module, cls, **arguments):
    return {"type": "local", "module": "artiq.coredevice." + module, "class": cls,
            "arguments": arguments}


device_db = {
    "core": artiq("core", "Core", host="::1", ref_period=1e-9),
    "ttl0": artiq("ttl", "TTLOut", channel=0),
    "pcf": artiq("i2c", "PCF8574A", address=0x7C),
    "i2c_switch0": artiq("i2c", "I2CSwitch", address=0xE0),
    "i2c_switch1": artiq("i2c", "I2CSwitch", address=0xE2),
    "eeprom": artiq("kasli_i2c", "KasliEEPROM", port="EEM0"),
}
"""
HEAD = """
from artiq.coredevice.core import rtio_get_counter
from artiq.coredevice.i2c import *
from artiq.coredevice.rtio import rtio_output
from artiq.experiment import *


class Probe(EnvExperiment):
    def build(self):
        for name in ("core", "pcf", "eeprom"):
            self.setattr_device(name)

    def note(self, key, value):
        self.set_dataset(key, value)

    @kernel
    def run(self):
        self.core.reset()
"""


@pytest.fixture
def run(workspace):
    """Run the statements of a kernel."""
    workspace.write(DEVICE_DB, "device_db.py")

    def run(statements):
        body = "".join(f"        {line}\n" for line in statements.strip().split("\n"))
        file = workspace.write(HEAD + body, "experiment.py")
        return runner.run(workspace.request(file, history=True))

    return run


def test_bytes_on_the_bus(run):
    found = run(
        """
self.note("there", i2c_poll(0, 0x7C))
self.note("not_there", i2c_poll(0, 0x20))
i2c_write_byte(0, 0x7C, 0x5A)
self.note("pins", self.pcf.get())
self.note("byte", i2c_read_byte(0, 0x7C))
self.eeprom.select()
i2c_write_many(0, 0xA0, 3, [1, 2, 3])
data = [0, 0, 0]
i2c_read_many(0, 0xA0, 3, data)
self.note("memory", data)
"""
    )
    assert found.error is None
    assert found.datasets.local == {
        "there": True,
        "not_there": False,
        "pins": 0x5A,
        "byte": 0x5A,
        "memory": [1, 2, 3],
    }


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("i2c_write_byte(0, 0x20, 1)", "bus address"),
        ("i2c_read_byte(0, 0x20)", "bus read address"),
        ("i2c_write_many(0, 0x20, 0, [1])", "bus address"),
        ("i2c_read_many(0, 0x20, 0, [0])", "bus address"),
    ],
)
def test_nobody_answers_and_the_bus_is_left_free(run, statement, what):
    found = run(
        f"""
try:
    {statement}
except I2CError as error:
    self.note("refused", True)
self.note("free", i2c_poll(0, 0x7C))
"""
    )
    assert found.datasets.local == {"refused": True, "free": True}
    assert f"failed to ack {what}" in str(run(statement).error)


def test_words_of_ones_own(run):
    found = run(
        """
ahead = now_mu() > rtio_get_counter()
rtio_output(0 << 8, 1)
delay(1 * us)
rtio_output(0 << 8, 0)
self.note("ahead", ahead)
"""
    )
    assert found.error is None
    assert found.datasets.get("ahead")
    assert [e.value for e in found.plant.timeline.events] == [1, 0]


@pytest.mark.parametrize(
    ("call", "arguments"),
    [(rtio_output, (0, 1)), (rtio_get_counter, ()), (i2c_start, (0,))],
)
def test_the_host_has_no_such_calls(call, arguments):
    with pytest.raises(NotImplementedError, match="of kernels, not of the host"):
        call(*arguments)
