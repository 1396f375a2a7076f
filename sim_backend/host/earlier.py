"""What an earlier run was asked for: its file, found by number, and its expid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sipyco import pyon

from ccqed_ctrl.errors import ExperimentError, ResultsError

from . import hdf5


def find(run: str, results: Path) -> Path:
    """Return the file of a run, by its number or path.

    Raises
    ------
    ResultsError
        There is none, or several.
    """
    path = Path(run)
    if not run.isdecimal():
        if not path.is_file():
            raise ResultsError(f"no results file {run!r}")
        return path
    found = sorted(results.glob(f"*/*/{int(run):09d}-*.h5"))
    if len(found) != 1:
        several = f"several: {', '.join(map(str, found))}" if found else "no run"
        raise ResultsError(f"{several} {int(run)} in {str(results)!r}; give its file")
    return found[0]


def expid(path: Path) -> dict[str, Any]:
    """Return what a run was asked for: file, class_name, arguments, seed and truth.

    Raises
    ------
    ExperimentError
        The file does not say (`artiq_run` writes no expid), or its experiment is gone.
    """
    try:
        found = pyon.decode(str(hdf5.read(path, "expid")))
        asked = {key: found[key] for key in ("file", "class_name", "arguments")}
        overrides = found.get("devarg_override", {})
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ExperimentError(
            f"{path} does not say what was asked for ({error}); give the experiment, "
            "its arguments, and resume=FILE"
        ) from error
    if not Path(asked["file"]).is_file():
        raise ExperimentError(
            f"{path} was made by {asked['file']}, which is gone; give the experiment, "
            "its arguments, and resume=FILE"
        )
    return asked | {"devarg_override": overrides}
