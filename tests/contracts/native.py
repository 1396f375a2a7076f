"""Kernels as ARTIQ's compiler makes them, run on this machine: the judge of the twin.

ARTIQ compiles a kernel with its real drivers for the native target; llvmlite loads the
result and the core device's runtime is a handful of callbacks that note each RTIO
word. Only with a real ARTIQ installed; imported by tests that then need nothing else.
"""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

# ARTIQ's core imports its compiler in the one order that has no circle.
from artiq.coredevice.core import CompileError, Module, Stitcher

from artiq.compiler.targets import NativeTarget  # isort: skip
from llvmlite import binding as llvm
from pythonparser import diagnostic

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()


class Output(NamedTuple):
    """One RTIO output: time in mu, channel and address in one number, 32-bit word."""

    time_mu: int
    target: int
    data: int


class _Slice(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("length", ctypes.c_int32)]

    def text(self):
        return ctypes.string_at(self.data, self.length).decode()


class _Trace(ctypes.Structure):
    _fields_ = [
        ("advance_mu", ctypes.c_int64),
        ("pointer", ctypes.c_int32),
        ("distributed", ctypes.c_bool),
    ]


class Runtime:
    """The state of one run: cursor, words, recorded traces."""

    def __init__(self) -> None:
        self.now = 0
        self.outputs: list[Output] = []
        self.recording: list[Output] | None = None
        self.name = ""
        self.traces: dict[str, tuple[int, list[Output]]] = {}
        self.names: list[str] = []

    def now_mu(self):
        return self.now

    def at_mu(self, time_mu):
        self.now = time_mu

    def delay_mu(self, duration):
        self.now += duration

    def rtio_output(self, target, data):
        where = self.outputs if self.recording is None else self.recording
        where.append(Output(self.now, target, data & 0xFFFFFFFF))

    def rtio_output_wide(self, target, data):
        words = (ctypes.c_uint32 * data.contents.length).from_address(
            data.contents.data
        )
        for word in words:
            self.rtio_output(target, word)

    def dma_record_start(self, name):
        self.name, self.recording = name.text(), []

    def dma_record_stop(self, advance_mu, _distributed):
        self.traces[self.name] = (advance_mu, self.recording)
        self.recording = None

    def dma_retrieve(self, result, name):
        self.names.append(name.text())
        result.contents.advance_mu = self.traces[name.text()][0]
        result.contents.pointer = len(self.names) - 1
        result.contents.distributed = False

    def dma_playback(self, time_mu, pointer, _distributed):
        for output in self.traces[self.names[pointer]][1]:
            self.outputs.append(output._replace(time_mu=output.time_mu + time_mu))

    def missing(self, name):
        raise NotImplementedError(f"the kernel needs {name} of the runtime")


_I32, _I64 = ctypes.c_int32, ctypes.c_int64
_SLICE = ctypes.POINTER(_Slice)
SIGNATURES: dict[str, tuple[Any, ...]] = {
    "now_mu": (_I64,),
    "at_mu": (None, _I64),
    "delay_mu": (None, _I64),
    "rtio_output": (None, _I32, _I32),
    "rtio_output_wide": (None, _I32, _SLICE),
    "dma_record_start": (None, _Slice),
    "dma_record_stop": (None, _I64, ctypes.c_bool),
    "dma_retrieve": (None, ctypes.POINTER(_Trace), _Slice),
    "dma_playback": (None, _I64, _I32, ctypes.c_bool),
}
_current = Runtime()
#: Of (symbol, signature): another test may teach the runtime a symbol later.
_callbacks: dict[tuple[str, Any], Any] = {}


def _provide(name: str) -> None:
    """Give the loader an address for a symbol, once per signature."""
    signature = SIGNATURES.get(name)
    if (name, signature) in _callbacks:
        return
    if signature is None:
        callback = ctypes.CFUNCTYPE(None)(lambda: _current.missing(name))
    else:

        def call(*arguments: Any) -> Any:
            return getattr(_current, name.lstrip("_"))(*arguments)

        callback = ctypes.CFUNCTYPE(*signature)(call)
    _callbacks[name, signature] = callback
    llvm.add_symbol(name, ctypes.cast(callback, ctypes.c_void_p).value)


def compiled(
    core: Any,
    function: Any,
    arguments: tuple[Any, ...],
    keywords: dict[str, Any],
    set_result: Any = None,
) -> tuple[Any, tuple[Any, NativeTarget]]:
    """Return the embedding map of a kernel call, and its module for `execute`.

    Raises
    ------
    CompileError
        ARTIQ's compiler refuses the kernel.
    """
    engine = diagnostic.Engine(all_errors_are_fatal=True)
    engine.render_diagnostic = lambda _: None
    stitcher = Stitcher(engine=engine, core=core, dmgr=core.dmgr)
    try:
        stitcher.stitch_call(function, arguments, keywords, set_result)
        stitcher.finalize()
        module = Module(stitcher, ref_period=core.ref_period, attribute_writeback=False)
    except diagnostic.Error as error:
        raise CompileError(error.diagnostic) from error
    target = NativeTarget()
    target.now_pinning = False
    ir = module.build_llvm_ir(target)
    parsed = llvm.parse_assembly(str(ir))
    parsed.verify()
    return stitcher.embedding_map, (parsed.as_bitcode(), target)


def execute(bitcode: bytes, target: NativeTarget, runtime: Runtime) -> None:
    """Run a compiled kernel call on a runtime."""
    global _current
    parsed = llvm.parse_bitcode(bitcode)
    for item in parsed.functions:
        if item.is_declaration and not item.name.startswith("llvm."):
            _provide(item.name)
    machine = llvm.Target.from_triple(target.triple).create_target_machine(
        jit=True, codemodel="jitdefault"
    )
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    _current = runtime
    entry = engine.get_function_address("__modinit__")
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(entry)(None)


def run(core: Any, function: Any, *arguments: Any) -> list[Output]:
    """Compile `function(*arguments)` for this machine, run it, return its outputs."""
    runtime = Runtime()
    _, library = compiled(core, function, arguments, {})
    execute(*library, runtime)
    return runtime.outputs
