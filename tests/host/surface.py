"""Print what an `artiq` and `sipyco` do, one fact a line; run under either of them.

`test_against_artiq.py` compares the lines of the embedded pair and the real one.
"""

import importlib
import inspect
import sys

import artiq.experiment
import numpy as np
from artiq import tools
from artiq.coredevice import comm_kernel, core, exceptions, i2c, rtio
from artiq.language import environment, scan, types, units
from artiq.master import databases, worker_db
from sipyco import common_args, packed_exceptions, pc_rpc, pyon, sync_struct
from sipyco import tools as sipyco_tools

from sim_backend.host import names


def say(*facts):
    sys.stdout.write(" ".join(map(str, facts)) + "\n")


def parameters(function):
    """Return names and kinds; defaults only where they are plain values."""
    for p in inspect.signature(function).parameters.values():
        plain = isinstance(p.default, int | float | str | bool | None)
        yield p.name, str(p.kind), p.default if plain else "..."


def spelled(annotations):
    """Return ARTIQ's names of simple types; made ones only as such."""
    simple = {id(getattr(types, name)): name for name in types.__all__}
    return {name: simple.get(id(kind), "...") for name, kind in annotations.items()}


def classes_of(module):
    found = inspect.getmembers(module, inspect.isclass)
    return [cls for name, cls in found if name in module.__all__]


say(sorted(artiq.experiment.__all__))
for name in units.__all__:
    say(name, repr(getattr(units, name)))
for cls in (*classes_of(environment), *classes_of(scan)):
    say(cls.__name__, *parameters(cls.__init__))
    for method, function in inspect.getmembers(cls, inspect.isfunction):
        if not method.startswith("_"):
            say(cls.__name__, method, *parameters(function))
for function in (
    tools.parse_arguments,
    tools.parse_devarg_override,
    tools.unparse_devarg_override,
    tools.elide,
    tools.file_import,
    tools.get_experiment,
    common_args.verbosity_args,
    common_args.simple_network_args,
    common_args.bind_address_from_args,
    packed_exceptions.current_exc_packed,
    packed_exceptions.raise_packed_exc,
    pc_rpc.simple_server_loop,
    sipyco_tools.atexit_register_coroutine,
    pyon.encode,
    pyon.decode,
    pyon.store_file,
    pyon.load_file,
):
    say(function.__name__, *parameters(function))

# Every name that is made on request, by our table and in this ARTIQ: that it is there;
# of a constant its value, of a function with a twin its parameters.
MODULES = sorted({place for place, *_ in names.TWINS} | set(names.ABSENT))
for place in MODULES:
    module = importlib.import_module(place)
    for name, ours in sorted(names.offered(place).items()):
        theirs = getattr(module, name)
        if isinstance(ours, int | dict):
            say(place, name, theirs)
        elif inspect.isfunction(ours):
            say(place, name, *parameters(theirs))
        else:
            say(place, name)
CALLS = (
    "i2c_start i2c_restart i2c_stop i2c_write i2c_read i2c_switch_select i2c_poll "
    "i2c_write_byte i2c_read_byte i2c_write_many i2c_read_many"
)
CALLS_RTIO = (
    "rtio_output rtio_output_wide rtio_input_timestamp rtio_input_data "
    "rtio_input_timestamped_data"
)
CALLS_CORE = "rtio_get_counter rtio_get_destination_status"
for module, calls in ((i2c, CALLS), (rtio, CALLS_RTIO), (core, CALLS_CORE)):
    for name in calls.split():
        function = getattr(module, name)
        info = function.artiq_embedded
        say(name, info.syscall, info.core_name, sorted(info.flags))
        say(name, *parameters(function), spelled(function.__annotations__))
METHODS = {
    databases.DatasetDB: "__init__ get get_metadata update save",
    databases.DeviceDB: "__init__ scan get_device_db get",
    worker_db.DatasetManager: "__init__ set mutate append_to get get_metadata "
    "write_hdf5",
    worker_db.DeviceManager: "__init__ get_device_db get_desc get notify_run_end "
    "close_devices",
    sync_struct.Notifier: "append insert pop",
    pc_rpc.AsyncioClient: "__init__ connect_rpc select_rpc_target get_selected_target "
    "get_local_host get_rpc_id close_rpc",
    pc_rpc.BestEffortClient: "__init__ get_selected_target get_local_host close_rpc",
    pc_rpc.Client: "__init__ select_rpc_target get_selected_target get_local_host "
    "get_rpc_id get_rpc_method_list close_rpc",
    pc_rpc.Server: "__init__ start stop wait_terminate",
    sipyco_tools.SignalHandler: "setup teardown wait_terminate",
    sipyco_tools.TaskObject: "start stop",
}
for cls, methods in METHODS.items():
    for name in methods.split():
        say(cls.__name__, name, *parameters(getattr(cls, name)))
for function in (
    databases.device_db_from_file,
    sync_struct.process_mod,
    sync_struct.update_from_dict,
    core.CompileError,
):
    say(function.__name__, *parameters(function))
say(*sync_struct.ModAction)
for cls in (
    comm_kernel.RPCReturnValueError,
    pc_rpc.IncompatibleServer,
    packed_exceptions.GenericRemoteException,
):
    say(cls.__name__, cls.__mro__[1].__name__)
for name, cls in inspect.getmembers(exceptions, inspect.isclass):
    if getattr(cls, "artiq_builtin", False):
        say(name, cls.__mro__[1].__name__)

SCANS = [
    scan.NoScan(2.5, 3),
    *(scan.RangeScan(0.1, 7.3, n, True, n) for n in range(12)),
    *(scan.CenterScan(1.7, n / 3, 0.21, True, n) for n in range(12)),
    scan.ExplicitScan([3, 1]),
]
for one in SCANS:
    say(one.describe(), list(one), len(one))
PROCESSORS = [
    environment.NumberValue(1.5, "ms", min=0, step=1e-4),
    environment.NumberValue(3, type="int", precision=0, step=1, scale=1),
    environment.EnumerationValue(["a"], "a", quickstyle=True),
    environment.BooleanValue(False),
    environment.StringValue("x"),
    environment.PYONValue({1: (2,)}),
    scan.Scannable(SCANS[:2], "kHz", global_min=1),
]
for processor in PROCESSORS:
    say(processor.describe())
VALUES = [
    None, True, 1, -0.0, float("inf"), "µ\n", b"\0\xff", 1j, (1, (), []),
    {(1,): {2: 3}}, {"a": None}, {5}, slice(None, 2), np.int8(-1), np.uint64(2**63),
    np.float64(0.1), np.float32(0.1), np.bool_(False), np.complex64(1j), np.str_("s"),
    np.bytes_(b"b"),
    np.zeros((2, 0)), np.arange(6.0).reshape(2, 3).T, np.array(["ab", "c"]),
]  # fmt: skip
for value in VALUES:
    say(pyon.encode(value), repr(pyon.decode(pyon.encode(value))))
for value in (
    1e-3,
    12,
    True,
    "text",
    [1],
    {"a": 1},
    None,
    np.arange(9) / 7,
    np.int32(4),
):
    for metadata in ({}, {"unit": "ms"}, {"unit": "x", "scale": 2, "precision": 1}):
        say(tools.short_format(value, metadata))
for text in ("", "short", "a" * 60, "two\nlines", "a" * 9 + "\nb"):
    say(repr(tools.elide(text, 10)))
