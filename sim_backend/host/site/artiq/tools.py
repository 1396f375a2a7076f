"""Helpers that user code and the runner import."""

import importlib.machinery
import importlib.util
import inspect
import sys
from pathlib import Path

import numpy as np
from sipyco import pyon

from artiq import compat
from artiq.language import units
from artiq.language.environment import is_public_experiment

__all__ = [
    "parse_arguments", "parse_devarg_override", "unparse_devarg_override",
    "elide", "scale_from_metadata", "short_format", "file_import", "get_experiment",
]  # fmt: skip


def parse_arguments(arguments):
    """Turn ``["name=<PYON>", ...]`` into a dictionary."""
    pairs = (argument.partition("=") for argument in arguments)
    return {name: compat.pyon_decode(text) for name, _, text in pairs}


def parse_devarg_override(devarg_override):
    """Turn ``"device:argument=<PYON> ..."`` into a dictionary of dictionaries."""
    overrides = {}
    for item in devarg_override.split():
        device, _, override = item.partition(":")
        argument, _, value = override.partition("=")
        if not value:
            raise ValueError(f"expected DEVICE:ARGUMENT=VALUE; got {item!r}")
        overrides.setdefault(device, {})[argument] = compat.pyon_decode(value)
    return overrides


def unparse_devarg_override(devarg_override):
    """Undo `parse_devarg_override`."""
    return " ".join(
        f"{device}:{argument}={pyon.encode(value)}"
        for device, arguments in devarg_override.items()
        for argument, value in arguments.items()
    )


def elide(s, maxlen):
    """Return the first line of `s`, at most `maxlen` long, with dots if cut."""
    line = s[:maxlen].split("\n", 1)[0]
    return s if line == s else line[: maxlen - 3] + "..."


def scale_from_metadata(metadata):
    """Return the scale of a dataset: given, else that of its unit, else 1."""
    return metadata.get("scale", getattr(units, metadata.get("unit", ""), 1))


def short_format(v, metadata=None):
    """Return a dataset's value as one short line in its display unit."""
    metadata = metadata or {}
    unit = metadata.get("unit", "")
    suffix = f" {unit}" if unit else ""
    precision = metadata.get("precision")
    if v is None:
        return "None"
    if isinstance(v, bool | np.bool_):
        return str(v)
    if isinstance(v, int | float | np.number) and not isinstance(v, np.complexfloating):
        shown = np.divide(v, scale_from_metadata(metadata))
        text = np.format_float_positional(
            shown, precision=precision, trim="-", unique=True
        )
        return text + suffix
    if isinstance(v, str):
        return f'"{elide(v, 50)}"'
    if isinstance(v, np.ndarray):
        return _format_array(np.divide(v, scale_from_metadata(metadata)), precision) + (
            suffix
        )
    if isinstance(v, dict | list):
        return f"{type(v).__name__} ({len(v)})"
    return None


def _format_array(v, precision):
    return np.array2string(
        v,
        max_line_width=1000,
        precision=precision,
        suppress_small=True,
        separator=", ",
        threshold=4,
        edgeitems=2,
        floatmode="maxprec",
    )


def file_import(filename, prefix="file_import_"):
    """Import a file as a module; its folder is importable meanwhile."""
    filename = Path(filename)
    folder = str(filename.resolve().parent)
    name = prefix + filename.stem
    loader = importlib.machinery.SourceFileLoader(name, str(filename))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(name, loader)
    )
    sys.path.insert(0, folder)
    try:
        loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


def get_experiment(module, class_name=None):
    """Return the named experiment of a module, or its only public one."""
    if class_name:
        found = module
        for name in class_name.split("."):
            found = getattr(found, name)
        return found
    found = inspect.getmembers(module, is_public_experiment)
    if not found:
        raise ValueError("No experiments in module")
    if len(found) > 1:
        names = ", ".join(name for name, _ in found)
        raise ValueError(f"More than one experiment found in module: {names}")
    return found[0][1]
