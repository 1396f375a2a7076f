"""A simulated core that first has each kernel compiled against the real drivers.

Only where a real ARTIQ is installed. Nothing is sent anywhere: the real core has no
host. Every kernel is compiled with the very objects and arguments it is called with;
only simulated drivers are exchanged for the real ones of the same name meanwhile.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import artiq.coredevice.core as artiq_core

from sim_backend.crate.drivers.core import Core as InterpretingCore
from sim_backend.host.devices import DeviceDB, DeviceManager

from .findings import Finding

_PLAIN = (str, bytes, int, float, complex, type(None), type)


class Core(InterpretingCore):
    """Compiles the first call of each kernel, then interprets it; see `compiled`.

    `compiled` maps kernels to what the compiler says of them, None if it accepts;
    `laboratory` is the real device database.
    """

    def __init__(self, dmgr: Any, laboratory: dict[str, Any], **arguments: Any) -> None:
        super().__init__(dmgr, **arguments)
        self.compiled: dict[str, Finding | None] = {}
        self._real = DeviceManager(DeviceDB(without_host(laboratory)))

    def run(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Compile and run a kernel; a refusal is noted, not raised."""
        name = getattr(function, "__qualname__", "kernel")
        if not self._depth and name not in self.compiled:
            with self._real_drivers([args, kwargs]) as (real_args, real_kwargs):
                refusal = self._compile(function, real_args, real_kwargs)
            self.compiled[name] = refusal
        return super().run(function, args, kwargs)

    def _compile(self, function: Any, args: Any, kwargs: Any) -> Finding | None:
        core = self._real.get("core")
        _without_linker(core)
        try:
            # The compiler writes its diagnostics there, besides raising them.
            with contextlib.redirect_stderr(io.StringIO()):
                core.compile(function, args, kwargs)
        except artiq_core.CompileError as error:
            where, message = error.diagnostic.location, error.diagnostic.message()
            name = where.source_buffer.name
            if name.startswith("<"):  # what the compiler made up has no line
                return Finding(*_place(function), "compiler", message)
            return Finding(Path(name), where.line(), "compiler", message)
        except Exception as error:  # the compiler's own failures refuse kernels, too
            message = f"the compiler stops with {type(error).__name__}: {error}"
            return Finding(*_place(function), "compiler", message)
        return None

    @contextlib.contextmanager
    def _real_drivers(self, roots: list[Any]) -> Iterator[list[Any]]:
        """Exchange every simulated driver that the roots lead to, for a while."""
        real = {
            id(device): self._real_of(description)
            for description, device in self.dmgr.active_devices
            if description["module"].startswith("sim_backend.crate.drivers.")
        }
        real[id(self)] = self._real.get("core")
        changed: list[tuple[Any, str, Any]] = []
        exchange = _Exchange(real, changed)
        try:
            yield [exchange(root) for root in roots]
        finally:
            for owner, name, value in reversed(changed):
                setattr(owner, name, value)

    def _real_of(self, description: dict[str, Any]) -> Any:
        entries = self.dmgr.get_device_db().items()
        return self._real.get(next(key for key, e in entries if e == description))


class _Exchange:
    """Returns values with simulated drivers exchanged; notes what it changed."""

    def __init__(
        self, real: dict[int, Any], changed: list[tuple[Any, str, Any]]
    ) -> None:
        self._real = real
        self._changed = changed
        self._seen: set[int] = set()

    def __call__(self, value: Any) -> Any:
        if id(value) in self._real:
            return self._real[id(value)]
        if isinstance(value, list | tuple):
            items = [self(item) for item in value]
            same = all(new is old for new, old in zip(items, value, strict=True))
            return (
                value
                if same or type(value) not in (list, tuple)
                else type(value)(items)
            )
        if isinstance(value, dict):
            return {key: self(item) for key, item in value.items()}
        if not isinstance(value, _PLAIN) and hasattr(value, "__dict__"):
            self._enter(value)
        return value

    def _enter(self, owner: Any) -> None:
        module = type(owner).__module__
        if id(owner) in self._seen or module.split(".")[0] in (
            "artiq",
            "numpy",
            "builtins",
        ):
            return
        self._seen.add(id(owner))
        for name, value in list(vars(owner).items()):
            new = self(value)
            if new is not value and not isinstance(value, dict):
                self._changed.append((owner, name, value))
                setattr(owner, name, new)


def _without_linker(core: Any) -> None:
    """Let a core stop after code generation: what is wrong shows before linking."""
    target = core.target_cls
    if target.__name__ != "Unlinked":
        unlinked = {
            "link": lambda *_: b"",
            "strip": lambda _self, library: library,
        }
        core.target_cls = type("Unlinked", (target,), unlinked)


def without_host(laboratory: dict[str, Any]) -> dict[str, Any]:
    """Return a device database whose core compiles and connects to nothing."""
    core = dict(laboratory["core"])
    core["arguments"] = core["arguments"] | {"host": None, "analyzer_proxy": None}
    return laboratory | {"core": core}


def _place(function: Any) -> tuple[Path, int]:
    code = getattr(function.artiq_embedded.function, "__code__", None)
    if code is None:
        return Path("<kernel_from_string>"), 1
    return Path(os.path.relpath(code.co_filename)), code.co_firstlineno
