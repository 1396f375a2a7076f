"""Calibration records in the datasets of `ccqed run`, read and changed between runs."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .. import pyon
from ..errors import CalibrationError
from .record import HISTORY, RECORDS

_TABLE: Final = "CREATE TABLE IF NOT EXISTS datasets (key TEXT PRIMARY KEY, pyon TEXT)"
_OURS: Final = f"key GLOB '{RECORDS}.*' OR key GLOB '{HISTORY}.*'"


def read(path: Path) -> dict[str, Any]:
    """Return records and histories by key; nothing where there is no file.

    Raises
    ------
    CalibrationError
        The file is of another kind.
    """
    if not path.is_file():
        return {}
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
            query = f"SELECT key, pyon FROM datasets WHERE {_OURS}"
            rows = connection.execute(query).fetchall()
        return {key: pyon.decode(text)[0] for key, text in rows}
    except (sqlite3.Error, ValueError) as error:
        raise _unreadable(path, error) from error


def write(path: Path, changes: Mapping[str, Any]) -> None:
    """Store values by key, all or none; None removes one.

    Raises
    ------
    CalibrationError
        The file cannot be changed.
    """
    try:
        with (
            contextlib.closing(sqlite3.connect(path, timeout=5.0)) as connection,
            connection,
        ):
            connection.execute(_TABLE)
            for key, value in changes.items():
                connection.execute("DELETE FROM datasets WHERE key = ?", (key,))
                if value is not None:
                    # Tables of texts and numbers: PYON of them is JSON.
                    row = (key, json.dumps([value, {}], allow_nan=False))
                    connection.execute("INSERT INTO datasets VALUES (?, ?)", row)
    except (sqlite3.Error, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> CalibrationError:
    return CalibrationError(
        f"{path} cannot be used for calibration records: {error} (a file of "
        "artiq_master is of another kind)"
    )
