"""Reading a device database from its file."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import ExperimentError


def nearest() -> Path:
    """Return the device_db.py of this folder, or of the nearest one above it.

    Raises
    ------
    ExperimentError
        There is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (place := folder / "device_db.py").is_file():
            return place
    raise ExperimentError("there is no device_db.py in this folder or above it")


def read(path: Path) -> Mapping[str, Any]:
    """Run a device database as ARTIQ does: what stands beside it can be imported.

    Raises
    ------
    ExperimentError
        It fails.
    """
    sys.path.insert(0, str(path.resolve().parent))
    try:
        found: Mapping[str, Any] = runpy.run_path(str(path))["device_db"]
    except Exception as error:  # whatever an operator's file may raise
        message = f"device database {path} fails: {type(error).__name__}: {error}"
        raise ExperimentError(message) from error
    finally:
        sys.path.pop(0)
    return found
