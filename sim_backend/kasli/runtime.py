"""The runtime beside a kernel, in RISC-V: compiled once in a process, by llvmlite."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from llvmlite import binding as llvm

from .linking import link

#: The CPU of a Kasli 2, and the calling convention of its kernels.
_TRIPLE, _FEATURES, _CONVENTION = "riscv32-unknown-linux", "+m,+a,+f,+d", "ilp32d"


def compiled(source: str) -> bytes:
    """Return the shared library of a module in LLVM's language, for the kernel CPU."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = llvm.parse_assembly(source)
    module.verify()
    machine = llvm.Target.from_triple(_TRIPLE).create_target_machine(
        features=_FEATURES, reloc="pic", codemodel="default", abiname=_CONVENTION
    )
    return link(machine.emit_object(module))


@cache
def library() -> bytes:
    """Return the runtime, about 50 ms the first time."""
    source = Path(__file__).with_name("runtime.ll")
    return compiled(source.read_text(encoding="utf8"))
