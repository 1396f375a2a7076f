"""Programs for the emulated CPU, in LLVM's language, and a machine that runs them."""

from __future__ import annotations

from sim_backend.kasli import runtime
from sim_backend.kasli.machine import A0, Machine

HEAD = """
target triple = "riscv32-unknown-linux"
target datalayout = "e-m:e-p:32:32-i64:64-n32-S128"
"""
#: What the runtime itself calls.
NEEDED = ("rtio_underflow", "rtio_flush")


def machine(*calls):
    """Return a machine without handlers for its calls."""
    return Machine(runtime.library(), [*NEEDED, *calls])


def load(machine, source):
    return machine.load(runtime.compiled(HEAD + source))


def call(machine, library, name, *arguments):
    """Run a function of a library; return its 32-bit result, unsigned."""
    machine.run(library.symbols[name], *arguments)
    return machine.get(A0)[0]
