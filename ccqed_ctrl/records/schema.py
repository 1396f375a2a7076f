"""The schema of one run, stored in its file: reading needs no import of ours."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from ..errors import SchemaError
from ..quantities import Declared
from ..units import SCALES
from .declaration import Entry

#: Raised with every incompatible change; readers refuse a newer one.
REVISION: Final = 2
#: Where the schema itself is, as JSON text.
KEY: Final = "schema"

_DTYPES: Final = {str: "str", int: "int64", float: "float64", bool: "bool"}


def setting(group: str, name: str, declared: Declared) -> Entry:
    """Return the dataset of one parameter, as its class declares it."""
    meaning = declared.meaning
    return Entry(
        f"settings.{group}.{name}", (), _DTYPES[declared.kind], meaning.doc,
        meaning.unit, planned=True,
    )  # fmt: skip


def encoded(entries: Iterable[Entry], record: str) -> str:
    """Return the schema as text: the record's name, and each dataset's declaration."""
    described = {entry.key: asdict(entry) for entry in entries}
    for about in described.values():
        del about["key"]
    return json.dumps({"revision": REVISION, "record": record, "datasets": described})


def decoded(text: str) -> dict[str, Entry]:
    """Return the declarations of `encoded`'s text by key.

    Raises
    ------
    SchemaError
        No such text, or of a newer revision.
    """
    try:
        stored = json.loads(text)
        revision = int(stored["revision"])
        if revision > REVISION:
            raise SchemaError(
                f"schema revision {revision}; this version reads up to {REVISION}: "
                "update ccqed-ctrl"
            )
        return {key: _entry(key, about) for key, about in stored["datasets"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        if isinstance(error, SchemaError):
            raise
        raise SchemaError(f"the stored schema cannot be read: {error!r}") from error


def _entry(key: str, about: dict[str, Any]) -> Entry:
    axes = tuple(str(axis) for axis in about["axes"])
    dtype, unit = str(about["dtype"]), str(about["unit"])
    if dtype != "str":
        np.dtype(dtype)  # a TypeError says that it is none
    if unit not in SCALES:
        raise ValueError(f"{key} is in {unit!r}, which is no unit")
    planned, raw = bool(about["planned"]), bool(about.get("raw", False))
    doc, applet = str(about["doc"]), str(about["applet"])
    return Entry(key, axes, dtype, doc, unit, planned, applet, raw)
