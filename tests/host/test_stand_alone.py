"""Scripts and laboratories' own tests that make ARTIQ's managers themselves."""

from __future__ import annotations

import copy

import h5py
import numpy as np
import pytest
from artiq.experiment import EnvExperiment, kernel, ms
from artiq.language.environment import ProcessArgumentManager
from artiq.master.databases import DatasetDB, DeviceDB, device_db_from_file
from artiq.master.worker_db import DatasetManager, DeviceError, DeviceManager
from sipyco.sync_struct import process_mod

from ccqed_ctrl.errors import ResultsError, SchemaError
from sim_backend.host import is_embedded

pytestmark = pytest.mark.skipif(
    not is_embedded("artiq"), reason="ARTIQ's own managers reach for hardware"
)
FILE = """
def artiq(module, cls, **arguments):
    return {"type": "local", "module": "artiq.coredevice." + module, "class": cls,
            "arguments": arguments}


device_db = {
    "core": artiq("core", "Core", host="::1", ref_period=1e-9),
    "led0": artiq("ttl", "TTLOut", channel=0),
    "mirny0": artiq("mirny", "Mirny", spi_device="spi0"),
    "led": "led0",
}
"""


class Blink(EnvExperiment):
    def build(self):
        self.setattr_device("core")
        self.setattr_device("led")

    @kernel
    def run(self):
        self.core.reset()
        self.led.pulse(1 * ms)


@pytest.fixture
def file(workspace):
    return workspace.write(FILE, "device_db.py")


def test_a_tester_makes_its_own_device_manager(file):
    devices = DeviceManager(DeviceDB(str(file)))
    datasets = DatasetManager(DatasetDB(str(file.with_name("datasets.sqlite"))))
    Blink((devices, datasets, ProcessArgumentManager({}), {})).run()
    events = devices.get("plant").timeline.events
    assert [event.value for event in events if event.channel == "led0"] == [1, 0]
    assert devices.get_desc("led")["arguments"] == {"channel": 0}
    with pytest.raises(DeviceError, match="'mirny0' .* not simulated"):
        devices.get("mirny0")
    with pytest.raises(KeyError, match="^device 'dark' is not in the device database"):
        devices.get_desc("dark")
    devices.close_devices()


def test_a_database_is_read_again(file):
    ddb = DeviceDB(file)
    assert ddb.get("led") == "led0"
    assert ddb.get("led", resolve_alias=True)["class"] == "TTLOut"
    file.write_text(FILE.replace('"led": "led0"', '"lamp": "led0"'))
    ddb.scan()
    assert "led" not in ddb.get_device_db()
    assert ddb.get_device_db()["lamp"] == "led0"
    assert device_db_from_file(file)["lamp"] == "led0"


class Elsewhere:
    """A device database as laboratories' tests write it, not derived from ours."""

    def __init__(self, device_db):
        self.device_db = device_db

    def get_device_db(self):
        return self.device_db

    def get(self, key, resolve_alias=False):
        return self.device_db[key]


def test_a_test_brings_its_own_device_database():
    devices = DeviceManager(Elsewhere({"x": {"type": "dummy"}}), {"scheduler": "s"})
    assert devices.get("scheduler") == "s"
    assert devices.get("x") is devices.get("x")
    with pytest.raises(DeviceError, match="'y' has no description: KeyError"):
        devices.get("y")


class Followed:
    """A dataset database as laboratories' tests write it: it follows changes."""

    def __init__(self):
        self.data = {}

    def update(self, mod):
        process_mod(self.data, copy.deepcopy(mod))

    def get(self, key):
        return self.data[key][1]

    def get_metadata(self, key):
        return self.data[key][2]


def test_a_test_brings_its_own_dataset_database():
    ddb = Followed()
    datasets = DatasetManager(ddb)
    experiment = EnvExperiment((None, datasets, None, {}))
    experiment.set_dataset("x", np.zeros(3), unit="V", broadcast=True)
    experiment.mutate_dataset("x", (1, 3), 5)
    experiment.set_dataset("log", [1], broadcast=True, archive=False)
    experiment.append_to_dataset("log", 2)
    np.testing.assert_array_equal(ddb.get("x"), [0, 5, 5])
    assert ddb.get("log") == [1, 2]
    assert experiment.get_dataset_metadata("log") == {}
    ddb.data["old"] = (True, 7, {"unit": "s"})
    assert experiment.get_dataset("old") == 7
    experiment.set_dataset("x", 1)
    assert "x" not in ddb.data


def test_results_are_written_by_hand(tmp_path):
    datasets = DatasetManager(DatasetDB(tmp_path / "datasets.sqlite"))
    datasets.set("x", 2.5, {"unit": "V"}, False, False, True)
    datasets.local["odd"] = {"a": 1}  # past `set`, which refuses it
    with h5py.File(tmp_path / "x.h5", "w") as file:
        with pytest.raises(SchemaError, match="'odd'"):
            datasets.write_hdf5(file)
        assert file["datasets/x"].attrs["unit"] == "V"
        assert list(file["archive"]) == []


def test_the_masters_file_is_of_another_kind(tmp_path):
    path = tmp_path / "dataset_db.mdb"
    path.write_bytes(b"\x00" * 4096 + b"lmdb")
    with pytest.raises(ResultsError, match="of another kind"):
        DatasetDB(str(path))
