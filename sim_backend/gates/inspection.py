"""All gates for one file, in a process of its own: whatever the file does, we live."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from ccqed_ctrl.errors import CcqedError
from sim_backend.host import dataset_db, devices, discovery

from . import dry_run, linter
from .findings import FAILED, GATES, PASSED, SKIPPED, Finding, Verdict

#: How the scan of a file begins to speak whose imports fail.
_UNIMPORTED = ("ImportError", "ModuleNotFoundError")


@dataclass(frozen=True)
class Inspection:
    """What to inspect, and what to leave out."""

    file: Path
    skipped: frozenset[str] = frozenset()
    dataset_db: Path = Path("dataset_db.sqlite")
    device_db: Path | None = None


def inspect(inspection: Inspection) -> list[Verdict]:
    """Pass one file through the gates; a process that dies fails the gate it was in."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_child, args=(inspection, theirs))
    child.start()
    theirs.close()
    verdicts: list[Verdict] = []
    try:
        while (verdict := ours.recv()) is not None:
            verdicts.append(verdict)
    except EOFError:
        child.join()
        seen = {verdict.gate for verdict in verdicts}
        gate = next((gate for gate in GATES if gate not in seen), "run")
        message = f"the process ended in this gate, with exit code {child.exitcode}"
        finding = Finding(inspection.file, 1, gate, message)
        verdicts.append(Verdict(gate, inspection.file, FAILED, "", [finding]))
    child.join()
    return verdicts


def _child(inspection: Inspection, report: Connection) -> None:
    for verdict in _verdicts(inspection):
        report.send(verdict)
    report.send(None)


def _verdicts(inspection: Inspection) -> Iterator[Verdict]:
    file, skipped = inspection.file, inspection.skipped
    names: list[str] = []
    scan = _scan(inspection, names)
    unimported = any(f.message.startswith(_UNIMPORTED) for f in scan.findings)
    if unimported:  # whatever is left out: no gate has anything else to say
        yield scan
        for gate in GATES[1:]:
            yield Verdict(gate, file, SKIPPED, "its imports fail")
        return
    for gate in GATES:
        if gate in skipped:
            yield Verdict(gate, file, SKIPPED, "left out by --skip")
    if "scan" not in skipped:
        yield scan
    if "lint" not in skipped:
        yield _lint(inspection)
    if {"run", "compile"} <= skipped:
        return
    for verdict in _rehearsals(inspection, names, scan):
        if verdict.gate not in skipped:
            yield verdict


def _scan(inspection: Inspection, names: list[str]) -> Verdict:
    """Scan as the dashboard does; experiments found are added to `names`."""
    file = inspection.file
    found = discovery.scan_file(file, dataset_db.DatasetDB(inspection.dataset_db))
    if isinstance(found, discovery.Unscanned):
        finding = Finding(file, 1, "scan", found.reason)
        return Verdict("scan", file, FAILED, "not in the explorer", [finding])
    names += [item.class_name for item in found]
    return Verdict("scan", file, PASSED, ", ".join(names) or "no experiment in it")


def _lint(inspection: Inspection) -> Verdict:
    try:
        return _linted(inspection)
    except CcqedError as error:
        finding = Finding(inspection.file, 1, "lint", str(error))
        return Verdict("lint", inspection.file, FAILED, "", [finding])


def _linted(inspection: Inspection) -> Verdict:
    database = inspection.device_db or devices.find_device_db(inspection.file)
    roots = [] if database is None else [database.resolve().parent]
    described = {} if database is None else devices.load_device_db(database)
    drivers = devices.driver_classes(described)
    findings = linter.lint(inspection.file, roots, drivers)
    return Verdict(
        "lint", inspection.file, FAILED if findings else PASSED, "", findings
    )


def _rehearsals(
    inspection: Inspection, names: list[str], scan: Verdict
) -> Iterator[Verdict]:
    file = inspection.file
    if not names:
        reason = "no experiment in it" if scan.status == PASSED else "it is not listed"
        for gate in ("run", "compile"):
            yield Verdict(gate, file, SKIPPED, reason)
        return
    for name in names:
        try:
            yield from dry_run.rehearse(
                file, name, inspection.dataset_db, inspection.device_db
            )
        except CcqedError as error:
            finding = Finding(file, 1, "run", str(error))
            yield Verdict("run", file, FAILED, name, [finding])
            yield Verdict("compile", file, SKIPPED, f"{name}: it could not be run")
