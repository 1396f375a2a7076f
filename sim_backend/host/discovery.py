"""Find experiments: by file and class, or all of a folder as the dashboard would."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artiq.language.environment import TraceArgumentManager, is_public_experiment
from artiq.master.worker_db import DummyDevice
from artiq.tools import file_import

from ccqed_ctrl.errors import ExperimentError
from ccqed_ctrl.records import Record

from .arguments import closest


def find(name: Path) -> Path:
    """Return an experiment's file: a path as it is, or a name below ``repository``.

    Raises
    ------
    ExperimentError
        Several files bear the name, or none; then what there is is listed.
    """
    if name.is_file() or len(name.parts) > 1:
        return name
    there = sorted(Path("repository").rglob("*.py"))
    found = [path for path in there if path.stem == name.stem]
    if len(found) == 1:
        return found[0]
    if found:
        which = ", ".join(map(str, found))
        raise ExperimentError(f"{name} may be {which}; write which")
    listed = ", ".join(path.stem for path in there) or "nothing"
    near = closest(name.stem, (path.stem for path in there))
    raise ExperimentError(f"no experiment {name}{near}; repository has {listed}")


def load(file: Path, class_name: str | None = None) -> type:
    """Return an experiment class of a file: the named one, or the only one.

    Raises
    ------
    ExperimentError
        The file is missing or cannot be imported, or has no such class.
    """
    if not file.is_file():
        near = closest(file.name, (path.name for path in _beside(file)))
        raise ExperimentError(f"no experiment file {file}{near}")
    try:
        # By its full path: kernels are read from source when they run.
        module = file_import(file.resolve(), prefix="ccqed_run_")
    except Exception as error:  # whatever a user's module may raise
        message = f"{file} cannot be imported: {type(error).__name__}: {error}"
        raise ExperimentError(message) from error
    found: dict[str, type] = dict(inspect.getmembers(module, is_public_experiment))
    names = ", ".join(found) or "none"
    if class_name is None:
        if len(found) == 1:
            return next(iter(found.values()))
        message = f"{file} must have one experiment, or -c must say which: has {names}"
        raise ExperimentError(message)
    wanted: Any = module
    for part in class_name.split("."):
        wanted = getattr(wanted, part, None)
    if not inspect.isclass(wanted):
        hint = closest(class_name, found)
        message = f"{file} has no experiment {class_name!r}{hint} (it has: {names})"
        raise ExperimentError(message)
    return wanted


@dataclass(frozen=True)
class Scanned:
    """An experiment as the dashboard lists it.

    `arguments` maps names to (description of the processor, group, tooltip); `records`
    declare what it stores.
    """

    file: Path
    class_name: str
    title: str
    arguments: dict[str, tuple[dict[str, Any], str | None, str | None]]
    records: tuple[type[Record], ...] = ()


@dataclass(frozen=True)
class Unscanned:
    """A file that the dashboard would not list, and why."""

    file: Path
    reason: str


def scan(folder: Path, datasets: Any) -> Iterator[list[Scanned] | Unscanned]:
    """Yield, for each Python file below `folder`, its experiments or why it has none.

    Experiments are built with placeholder devices and arguments None; `datasets`
    (`get` and `get_metadata`) answers for stored datasets.

    Raises
    ------
    ExperimentError
        There is no such folder.
    """
    if not folder.is_dir():
        hint = "go to a laboratory's, or begin one: ccqed new lab DIR"
        raise ExperimentError(f"no folder {folder} here; {hint}")
    for file in sorted(folder.rglob("*.py")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if not hidden:
            yield scan_file(file, datasets)


class _PlaceholderDevices:
    @staticmethod
    def get_device_db() -> dict[str, Any]:
        return {}

    @staticmethod
    def get(_name: str) -> Any:
        return DummyDevice()


class _ReadOnlyDatasets:
    def __init__(self, source: Any) -> None:
        self.get_metadata = source.get_metadata
        self._source = source

    def get(self, key: str, archive: bool = False) -> Any:  # noqa: ARG002 (ARTIQ's interface)
        return self._source.get(key)


def scan_file(file: Path, datasets: Any) -> list[Scanned] | Unscanned:
    """Return the experiments of one file, or why it has none; see `scan`."""
    loaded = set(sys.modules)
    try:
        module = file_import(file, prefix="ccqed_scan_")
        found = inspect.getmembers(module, is_public_experiment)
        return [
            _examine(file, name, experiment, _ReadOnlyDatasets(datasets))
            for name, experiment in found
        ]
    except (Exception, SystemExit) as error:  # whatever a user's module may raise
        return Unscanned(file, f"{type(error).__name__}: {error}")
    finally:
        for name in set(sys.modules) - loaded:
            # Modules beside the experiment may have a namesake elsewhere.
            if _is_beside(sys.modules[name], file):
                del sys.modules[name]


def _examine(file: Path, name: str, experiment: type, datasets: Any) -> Scanned:
    arguments = TraceArgumentManager()
    made = experiment((_PlaceholderDevices(), datasets, arguments, {}))
    document = inspect.cleandoc(experiment.__doc__ or name)
    title = (document.splitlines() or [name])[0].strip().removesuffix(".") or name
    described = {
        key: (processor.describe(), group, tooltip)
        for key, (processor, group, tooltip) in arguments.requested_args.items()
    }
    return Scanned(file, name, title, described, tuple(_records(made)))


def _records(experiment: Any) -> Iterator[type[Record]]:
    """Yield the records of whatever an experiment has that stores one."""
    for item in (experiment, *vars(experiment).values()):
        record = getattr(item, "record", None)
        if isinstance(record, type) and issubclass(record, Record):
            yield record


def _is_beside(module: Any, file: Path) -> bool:
    origin = getattr(module, "__file__", None)
    return origin is not None and Path(origin).parent == file.resolve().parent


def _beside(file: Path) -> list[Path]:
    return list(file.parent.glob("*.py")) if file.parent.is_dir() else []
