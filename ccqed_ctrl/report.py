"""What a run says of itself, by every route: settings, sources, provenance, status."""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from artiq.experiment import HasEnvironment
from sipyco import pyon

from . import backend, provenance
from .belief import Belief
from .calibration.graph import Status
from .ending import Ending
from .errors import StorageError
from .journal import JOURNAL, ROOT, Journal, sha256
from .params import Run
from .quantities import Parameters
from .records import REVISION, Entry, encoded, setting
from .records.shots import ShotRecord
from .records.writing import DatasetWriter, merged, with_axes
from .scans import Scans

logger = logging.getLogger(__name__)


class Report:
    """All but the shots: stored before the first of them, and at the end.

    planned: of each point. values: what is planned and set, to be stored once.
    """

    def __init__(
        self,
        experiment: HasEnvironment,
        record: type[ShotRecord],
        run: Run,
        belief: Belief,
        scans: Scans,
        planned: Sequence[Mapping[Entry, Any]],
        calibrations: Mapping[str, Status],
    ) -> None:
        self._experiment = experiment
        self._record = record
        self._belief = belief
        self._calibrations = calibrations
        self._sources = scans.sources
        settings = merged(
            [_settings({**point.groups, "run": run}) for point in scans.points],
            {f"settings.{name}" for name in scans.names},
        )
        scanned = {
            record.scanned: list(scans.names),
            record.scan_shape: np.array(scans.shape, int),
        }
        self.values = {
            **(scanned if scans.names else {}),
            record.seed: run.seed,
            **merged(planned),
            **settings,
        }
        self._about: dict[str, Any] = {}

    def show(self, ccb: Any) -> None:
        """Ask the dashboards for an applet of everything that is shown live."""
        declared = {entry.key: entry for entry in self._record.entries()}
        for key, entry in declared.items():
            if entry.applet:
                bars = f" --error {entry.bars}" if entry.bars in declared else ""
                command = "${artiq_applet}" + entry.applet.format(key) + bars
                ccb.issue("create_applet", key, command, group="ccqed")

    def open(
        self, writer: DatasetWriter, journal: Journal, total: int, core: Any
    ) -> None:
        """Store what is known before the first shot."""
        self._journal = journal
        self._name_journal()
        writer.store(self.values)
        entries = with_axes(self._record.entries(), self.values)
        device_db = self._experiment.get_device_db()
        # The class's own module may be unknown to Python: it was loaded from a file.
        file = Path(type(self._experiment).build.__code__.co_filename)
        expid = self._experiment.get_device("scheduler").expid or {}
        revision = expid.get("repo_rev", provenance.UNKNOWN)
        made = backend.devices_of(getattr(core, "dmgr", None))
        devices = backend.ask({**made, "core": core})
        if devices.backend == backend.DOUBTFUL:
            logger.warning("neither hardware nor simulation: %s", devices.reason)
        self._about = {
            "backend": devices.backend,
            "devices": devices.reason,
            "class": type(self._experiment).__name__,
            "file": str(file.resolve()),
            "versions": provenance.versions(),
            "git": provenance.git_state(file, revision),
            "device_db_sha256": provenance.device_db_sha256(device_db),
        }
        # What ARTIQ writes beside the datasets, for a file made of the journal alone.
        scheduler = self._experiment.get_device("scheduler")
        roots = {"rid": scheduler.rid, "start_time": time.time(),
                 "expid": pyon.encode(scheduler.expid)}  # fmt: skip
        journal.store({f"{ROOT}.{key}": value for key, value in roots.items()})
        self._set("schema", encoded(entries, self._record.__name__))
        self._set("schema_revision", REVISION)
        self._set("belief.laboratory", self._belief.text)
        self._set("belief.sha256", self._belief.sha256)
        sources = {name: dataclasses.asdict(of) for name, of in self._sources.items()}
        self._set("belief.sources", json.dumps(sources))
        held = {name: vars(status) for name, status in self._calibrations.items()}
        self._set("belief.calibrations", json.dumps(held))
        self._set("progress.total", total, broadcast=True)
        self.progress(0)
        self._state("running", core)

    def progress(self, done: int) -> None:
        """Say how many shots are complete; they are in the journal already."""
        self._experiment.set_dataset("progress.done", done, broadcast=True)

    def close(self, ending: Ending, core: Any) -> None:
        """Say how the run ended.

        Raises
        ------
        StorageError
            The journal takes no more, which no ending had said yet.
        """
        try:
            self._state(str(ending), core)
        except StorageError as error:
            if ending is not Ending.ok:
                logger.error("%s", error)
                return
            with suppress(StorageError):  # among the datasets it is in any case
                self._set("status", str(Ending.storage_failed))
            raise

    def finish(self) -> None:
        """Say where the journal, which holds what is no dataset, and what it now is."""
        self._name_journal()
        try:
            self._name("sha256", sha256(self._journal.path))
        except OSError as error:
            logger.error("%s cannot be read: %s", self._journal.path, error)

    def _name_journal(self) -> None:
        path = self._journal.path
        self._name("name", path.name)
        self._name("folder", str(path.parent.resolve()))

    def _name(self, what: str, value: str) -> None:
        self._experiment.set_dataset(f"{JOURNAL}.{what}", value)

    def _state(self, status: str, core: Any) -> None:
        """Store the status, and what the devices say of themselves by now."""
        # A simulated core device tells its truth, seed and slack; ARTIQ's own nothing.
        tell: Callable[[], dict[str, Any]] = getattr(core, "provenance", dict)
        # First, and without need of room: that fits on a full disk.
        self._set("status", status)
        # Again at the end: the experiment may have set it in between.
        self._set("backend", self._about["backend"])
        self._set("provenance", json.dumps(self._about | tell(), default=float))

    def _set(self, key: str, value: Any, **options: Any) -> None:
        self._experiment.set_dataset(key, value, **options)
        self._journal.store({key: value})


def _settings(groups: Mapping[str, Parameters]) -> dict[Entry, Any]:
    """Return every parameter's dataset; what is unset has none."""
    return {
        setting(group, name, declared): getattr(values, name)
        for group, values in groups.items()
        for name, declared in values.declared().items()
        if getattr(values, name) is not None
    }
