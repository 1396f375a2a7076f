"""What an earlier run was asked for: its file, found by number, and its expid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sipyco import pyon

from ccqed_ctrl.errors import ExperimentError, ResultsError

from . import hdf5


def find(run: str, results: Path) -> Path:
    """Return the file of a run: "latest", a run number, or a path.

    Raises
    ------
    ResultsError
        There is none, or several.
    """
    if run == "latest":
        # Folders are days and hours, names begin with the run number.
        found = sorted(results.glob("*/*/*.h5"))[-1:]
    elif run.isdecimal():
        found = sorted(results.glob(f"*/*/{int(run):09d}-*.h5"))
    elif Path(run).is_file():
        return Path(run)
    else:
        raise ResultsError(
            f"no results file {run!r}; a run is 'latest', a run number, or a path"
        )
    if len(found) != 1:
        several = f"several: {', '.join(map(str, found))}" if found else "no run"
        raise ResultsError(f"{several} {run} in {str(results)!r}; give its file")
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
