"""Write `compiled_verdicts.json`: what ARTIQ's compiler says of each kernel program.

Run with an interpreter that has ARTIQ: `python tests/contracts/record_verdicts.py`.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import kernel_programs.base  # noqa: E402
from artiq.coredevice.core import CompileError  # noqa: E402
from record_timing import Laboratory  # noqa: E402


def programs():
    """Return name to class of every kernel program."""
    for file in sorted((HERE / "kernel_programs").glob("*.py")):
        importlib.import_module(f"kernel_programs.{file.stem}")
    return {
        program.__name__: program for program in heirs(kernel_programs.base.Program)
    }


def heirs(cls):
    """Yield every class below one."""
    for heir in cls.__subclasses__():
        yield heir
        yield from heirs(heir)


def verdict(program):
    """Return what the compiler says, empty if it accepts."""
    made = program(Laboratory().get)
    core = made.core
    try:
        core.compile(program.run, (made,), {})
    except CompileError as error:
        return error.diagnostic.message()
    except Exception as error:  # the compiler's own failures are refusals too
        return f"{type(error).__name__}: {error}".split("\n")[0]
    return ""


def compiled_verdicts():
    """Return program name to the compiler's complaint, empty where it has none."""
    return {name: verdict(program) for name, program in programs().items()}


if __name__ == "__main__":
    text = json.dumps(compiled_verdicts(), indent=1)
    (HERE / "compiled_verdicts.json").write_text(text + "\n")
