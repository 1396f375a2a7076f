"""Laboratories by name: files of changes of the truth, one line for each value."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from ccqed_ctrl.errors import ParameterError


def names() -> list[str]:
    """Return the scenarios of this package."""
    files = resources.files(__name__).iterdir()
    return sorted(Path(f.name).stem for f in files if f.name.endswith(".toml"))


def read(scenario: str) -> dict[str, Any]:
    """Return the nested changes of a scenario, by name or by its file.

    Raises
    ------
    ParameterError
        Neither a name nor a file, or a file that is no TOML.
    """
    if scenario in names():
        return tomllib.loads(
            (resources.files(__name__) / f"{scenario}.toml").read_text()
        )
    try:
        return tomllib.loads(Path(scenario).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        why = f" ({error})" if scenario.endswith(".toml") else ""
        raise ParameterError(
            "--twin takes NAME=VALUE, GROUP.NAME=VALUE, a scenario "
            f"({', '.join(names())}) or a TOML file of one; got {scenario!r}{why}"
        ) from error
