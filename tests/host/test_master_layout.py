"""The file of a run: the layout is that of a real artiq_master."""

from __future__ import annotations

import hashlib
import logging
import math

import artiq
import numpy as np
from sipyco import pyon

from sim_backend.host.hdf5 import read

from .conftest import layout

KINDS = """
def build(self):
    self.setattr_argument("n", NumberValue(4, precision=0, step=1))
    self.setattr_argument("seed", NumberValue(1, precision=0, step=1))
    self.setattr_argument("scan", Scannable(CenterScan(1.0, 2.0, 0.5)))

def run(self):
    import numpy as np
    self.set_dataset("old", 1.0, persist=True, archive=False, unit="ms")
    self.get_dataset("old")
    for key, value in {
        "float": 1.5, "int": 3, "bool": True, "str": "µm", "bytes": b"ab",
        "texts": ["a", "bé"], "ints": [1, 2], "floats": [1.5, 2], "complex": 1 + 2j,
        "image": np.arange(6, dtype=np.uint16).reshape(2, 3),
        "flags": np.array([True, False]), "small": np.float32(2),
        "int32": np.int32(3), "empty": [], "void": np.void(bytes([0, 1])),
        "folder/inside": 7, "dotted.key": 8,
    }.items():
        self.set_dataset(key, value)
    self.set_dataset("meta", 1e-3, unit="ms", scale=1e-3, precision=2)
    self.set_dataset("live", 1, broadcast=True, archive=False)
"""

# Key: (kind, shape, attributes) of the file that artiq_master 9 (3740b92e, h5py 3.16)
# wrote for the experiment above. Kinds: HDF5 type, text as its encoding.
MASTER = {
    "archive": ("group", None, {}),
    "archive/old": ("float64", (), {"unit": "ms"}),
    "artiq_version": ("utf-8", (), {}),
    "datasets": ("group", None, {}),
    "datasets/bool": ("bool", (), {}),
    "datasets/bytes": ("ascii", (), {}),
    "datasets/complex": ("complex128", (), {}),
    "datasets/dotted.key": ("int64", (), {}),
    "datasets/empty": ("float64", (0,), {}),
    "datasets/flags": ("bool", (2,), {}),
    "datasets/float": ("float64", (), {}),
    "datasets/floats": ("float64", (2,), {}),
    "datasets/folder": ("group", None, {}),
    "datasets/folder/inside": ("int64", (), {}),
    "datasets/image": ("uint16", (2, 3), {}),
    "datasets/int": ("int64", (), {}),
    "datasets/int32": ("int32", (), {}),
    "datasets/ints": ("int64", (2,), {}),
    "datasets/meta": ("float64", (), {"unit": "ms", "scale": 1e-3, "precision": 2}),
    "datasets/small": ("float32", (), {}),
    "datasets/str": ("utf-8", (), {}),
    "datasets/texts": ("utf-8", (2,), {}),
    "datasets/void": ("|V2", (), {}),
    "expid": ("utf-8", (), {}),
    "rid": ("int64", (), {}),
    "run_time": ("float64", (), {}),
    "start_time": ("float64", (), {}),
}


def test_the_file_is_artiq_masters(workspace):
    outcome = workspace.run(KINDS, arguments={"n": 6})
    assert (outcome.status, outcome.exit_code, outcome.error) == ("ok", 0, None)
    assert outcome.path.name == "000000000-Probe.h5"
    assert layout(outcome.path) == MASTER
    assert read(outcome.path, "rid") == 0
    assert read(outcome.path, "artiq_version") == artiq.__version__
    assert pyon.decode(read(outcome.path, "expid")) == {
        "devarg_override": {},
        "log_level": logging.getLogger().getEffectiveLevel(),
        "class_name": "Probe",
        "arguments": {"n": 6},
        "file": str(workspace.root / "experiment.py"),
    }
    assert read(outcome.path, "start_time") <= read(outcome.path, "run_time")


def test_the_extra_group_tells_what_ran(workspace):
    workspace.write("device_db = {'lamp': {'type': 'dummy'}}", "device_db.py")
    outcome = workspace.run(KINDS, arguments={"n": 6}, seed=5)
    path = outcome.path
    arguments = pyon.decode(read(path, "ccqed/arguments"))
    assert (arguments["n"], arguments["seed"]) == (6, 5)
    assert arguments["scan"]["ty"] == "CenterScan"
    assert pyon.decode(read(path, "ccqed/seeds")) == {"experiment": 5, "plant": 5}
    expid = pyon.decode(read(path, "expid"))
    assert expid["devarg_override"] == {"plant": {"seed": 5}}
    assert expid["arguments"] == {"n": 6, "seed": 5}
    for key, expected in {
        "status": "ok",
        "exception": "",
        "traceback": "",
        "backend": "simulation",
        "git/commit": "",
        "git/dirty": True,
        "versions/numpy": np.__version__,
    }.items():
        assert read(path, f"ccqed/{key}") == expected
    digest = hashlib.sha256((workspace.root / "device_db.py").read_bytes()).hexdigest()
    assert read(path, "ccqed/device_db_sha256") == digest
    assert math.isnan(read(path, "ccqed/minimum_slack"))
    assert read(path, "ccqed/start") < read(path, "ccqed/stop")
