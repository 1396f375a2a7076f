"""ARTIQ's compiler, where there is one: whether it works with this llvmlite."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
from functools import cache

from sim_backend.host import is_embedded

#: Up to here llvmlite is known to work with ARTIQ-9; a later one is tried.
_KNOWN = (0, 45)
#: What every compilation does at its end. ARTIQ's core comes first: the compiler
#: imports itself in a circle otherwise.
_TRIAL = """
import artiq.coredevice.core
from artiq.compiler.targets import NativeTarget
from llvmlite import binding
NativeTarget().optimize(binding.parse_assembly(""))
"""


@cache
def obstacle() -> str:
    """Return why nothing can be compiled here, empty if it can."""
    if is_embedded("artiq") or importlib.util.find_spec("artiq.compiler") is None:
        return "no ARTIQ in this interpreter, so no compiler"
    version = importlib.metadata.version("llvmlite")
    if tuple(int(part) for part in version.split(".")[:2]) <= _KNOWN:
        return ""
    # In a process of its own: some llvmlite abort instead of raising.
    trial = [sys.executable, "-W", "ignore", "-c", _TRIAL]
    done = subprocess.run(trial, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    said = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return (
        f"ARTIQ's compiler does not work with llvmlite {version}: {said}; "
        "README says how to install beside ARTIQ"
    )
