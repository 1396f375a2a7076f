"""The helpers user code imports."""

from __future__ import annotations

import argparse
import sys

import numpy as np
import pytest
from artiq import tools
from artiq.coredevice import ad9910, exceptions, grabber, urukul
from artiq.master.worker_db import DeviceError, DummyDevice
from sipyco import common_args


# value, metadata, text: as ARTIQ-9 formats it
@pytest.mark.parametrize(
    ("value", "metadata", "text"),
    [
        (1.5e-3, {"unit": "ms"}, "1.5 ms"),
        (1.23456, {"precision": 2}, "1.23"),
        (2000, {"unit": "kHz", "scale": 1000}, "2 kHz"),
        (True, {}, "True"),
        (None, {}, "None"),
        ("text", {}, '"text"'),
        ([1, 2], {}, "list (2)"),
        (np.array([1e-3, 2e-3]), {"unit": "ms"}, "[1., 2.] ms"),
    ],
)
def test_short_format(value, metadata, text):
    assert tools.short_format(value, metadata) == text


def test_elide():
    assert tools.elide("short", 10) == "short"
    assert tools.elide("a" * 20, 10) == "aaaaaaa..."
    assert tools.elide("one\ntwo", 10) == "one..."


def test_arguments_as_artiq_run_reads_them():
    assert tools.parse_arguments(["a=1", 'b="x"', "c=(1, 2)"]) == {
        "a": 1,
        "b": "x",
        "c": (1, 2),
    }
    overrides = tools.parse_devarg_override('core:host="x" core:n=1 plant:seed=2')
    assert overrides == {"core": {"host": "x", "n": 1}, "plant": {"seed": 2}}
    text = tools.unparse_devarg_override(overrides)
    assert tools.parse_devarg_override(text) == overrides
    with pytest.raises(ValueError):
        tools.parse_devarg_override("core")


def test_a_file_sees_its_folder_while_it_is_imported(tmp_path):
    (tmp_path / "neighbour_of_test.py").write_text("x = 5")
    file = tmp_path / "experiment.py"
    file.write_text("from neighbour_of_test import x\nfrom artiq.experiment import *\n")
    before = list(sys.path)
    assert tools.file_import(file).x == 5
    assert sys.path == before
    del sys.modules["neighbour_of_test"]
    with pytest.raises(ValueError, match="No experiments"):
        tools.get_experiment(tools.file_import(file))


def test_core_device_names():
    assert ad9910.PHASE_MODE_TRACKING == 2
    assert ad9910.RAM_DEST_ASF == 2
    assert ad9910.RAM_MODE_CONT_RAMPUP == 4
    assert urukul.urukul_sta_proto_rev(9 << 16) == 9
    assert urukul.urukul_sta_pll_lock(0xF00) == 0xF
    names = (
        "RTIOUnderflow RTIOOverflow RTIODestinationUnreachable DMAError CacheError "
        "ClockFailure I2CError SPIError UnwrapNoneError SubkernelError"
    )
    for name in names.split():
        assert issubclass(getattr(exceptions, name), Exception)
    assert issubclass(grabber.OutOfSyncException, Exception)
    assert issubclass(grabber.GrabberTimeoutException, Exception)
    assert issubclass(DeviceError, Exception)
    with pytest.raises(AttributeError):
        DummyDevice().anything  # noqa: B018


def test_controllers_share_arguments():
    parser = argparse.ArgumentParser()
    common_args.simple_network_args(parser, 3280)
    common_args.verbosity_args(parser)
    options = parser.parse_args(["--bind", "10.0.0.1", "-p", "4000", "-vv"])
    assert options.port == 4000
    assert options.verbose == 2
    assert common_args.bind_address_from_args(options) == [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
    ]
    options = parser.parse_args(["--bind", "*"])
    assert common_args.bind_address_from_args(options) is None
    options = parser.parse_args(["--no-localhost-bind"])
    assert common_args.bind_address_from_args(options) == []
