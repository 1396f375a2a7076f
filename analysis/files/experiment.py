"""The experiment that wrote a run, found again: how its record is summed up.

A file carries what a record declares, not how it is worked out. That is in the
experiment's own file, at the place that the results name. What they hold is never run,
and they cannot choose what is: only files below the present folder are.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Final

from ccqed_ctrl import pyon
from ccqed_ctrl.cli import commands
from ccqed_ctrl.errors import ResultsError
from ccqed_ctrl.recalling import RecallRecord
from ccqed_ctrl.records import Record, ShotRecord

from .run import Run

#: Records that need no experiment's file, the richest first.
SHARED: Final[tuple[type[Record], ...]] = (RecallRecord, ShotRecord)
#: Where ARTIQ's master finds what it names by a relative path.
REPOSITORY: Final = Path("repository")


def record_of(run: Run) -> tuple[type[Record], str]:
    """Return the record that sums up a run; and why it does not in whole, else "".

    Raises
    ------
    SchemaError
        The file does not say what wrote it in a form of ours.
    """
    wanted = {key for key, entry in run.entries.items() if entry.is_summary}
    shared = next(kind for kind in SHARED if _summaries(kind) <= wanted)
    if _summaries(shared) == wanted:
        return shared, ""
    try:
        return _own(run), ""
    except ResultsError as error:
        return shared, str(error)


def _summaries(kind: type[Record]) -> set[str]:
    return {entry.key for entry in kind.entries() if entry.is_summary}


def _own(run: Run) -> type[Record]:
    """Return the record of the run's name in the file of the run's experiment."""
    name, file = _record_name(run), _file(run)
    # What brings the commands brings a stand-in of ARTIQ, too, where there is none.
    commands()
    tools = importlib.import_module("artiq.tools")
    try:
        module = tools.file_import(file.resolve(), prefix="ccqed_record_")
    except (Exception, SystemExit) as error:  # whatever a user's module may raise
        raise ResultsError(
            f"{file} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    found = getattr(module, name, None)
    if not (isinstance(found, type) and issubclass(found, ShotRecord)):
        raise ResultsError(f"{file} has no record {name} any more")
    return found


def _record_name(run: Run) -> str:
    text = run.file.scalar("datasets/schema", str)
    return str(json.loads(text or "{}").get("record", "?"))


def _file(run: Run) -> Path:
    """Return the file of the run's experiment, found where the results say it is."""
    try:
        asked = pyon.decode(run.file.scalar("expid", str) or "{}")
    except ValueError as error:
        raise ResultsError(f"its expid is {error}") from error
    named = [run.header.provenance.get("file"), dict(asked).get("file")]
    # What is absolute stays so.
    places = [REPOSITORY / name for name in named if isinstance(name, str)]
    for place in places:
        if place.is_file() and place.resolve().is_relative_to(Path.cwd()):
            return place
        if place.is_file():
            raise ResultsError(
                f"its experiment {place} is outside of this folder, and results do not "
                "choose what is run: analyse them in the folder of their laboratory"
            )
    gone = " and ".join(dict.fromkeys(map(str, places))) or "nothing says where it was"
    raise ResultsError(f"its experiment {run.header.class_name} is gone: {gone}")
