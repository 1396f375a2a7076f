"""Run one experiment as ARTIQ would: build, prepare, run, analyze, write, close."""

from __future__ import annotations

import datetime
import logging
import math
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import artiq
from artiq.language.core import TerminationRequested
from artiq.language.environment import DefaultMissing
from sipyco import pyon

from ccqed_ctrl import backend, provenance
from ccqed_ctrl.ending import Ending
from ccqed_ctrl.errors import CcqedError, ResultsError, StorageError
from ccqed_ctrl.journal import JOURNAL, discard
from ccqed_ctrl.storage import release, spare, unused

from . import devices, discovery, results
from .arguments import ArgumentManager, described
from .dataset_db import DatasetDB
from .datasets import DatasetManager
from .scheduler import CCB, Scheduler, Termination

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What to run, with what, and where the results go.

    `arguments` hold values, or `arguments.Text` as typed. `seed` becomes the
    experiment's argument of that name, if it has one, and the plant's seed. `twin`
    changes the truth of the plant: texts that it parses itself, or values by name.
    `history` keeps what the wires did. `interactive` answers what the experiment asks
    for while it runs. `replaced` holds entries of the device database to use instead of
    its own.
    """

    file: Path
    class_name: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    device_db: Path | None = None
    dataset_db: Path = Path("dataset_db.sqlite")
    results: Path = Path("results")
    seed: int | None = None
    twin: Sequence[str] | Mapping[str, Any] = ()
    history: bool = False
    interactive: Mapping[str, Any] = field(default_factory=dict)
    replaced: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    `path` is None if nothing was written. `minimum_slack` is in seconds, None where the
    core device does not know it. `core` and `plant` are the drivers of these names,
    None where the run made none.
    """

    class_name: str
    status: Ending
    error: BaseException | None
    path: Path | None
    minimum_slack: float | None
    datasets: DatasetManager
    core: Any = None
    plant: Any = None

    @property
    def exit_code(self) -> int:
        """Return what the process should end with."""
        return self.status.exit_code


def run(
    request: Request,
    termination: Termination | None = None,
    watch: Callable[[DatasetManager], None] = lambda _: None,
) -> Outcome:
    """Run one experiment to its end, whatever that is.

    `watch` is given the dataset manager before the experiment is built.

    Raises
    ------
    ExperimentError, ParameterError, ResultsError
        What was asked for cannot be run; nothing has been.
    """
    folder = results.ResultsFolder(request.results)
    folder.check_writable()
    folder.tidy()
    datasets = DatasetManager(DatasetDB(request.dataset_db))
    watch(datasets)
    path = request.device_db or devices.find_device_db(request.file)
    device_db = devices.load_device_db(path)
    for name, entry in request.replaced.items():
        device_db[name] = device_db.get(name, {}) | dict(entry)
    truth = _truth(request, device_db)  # refused here, not when the plant is made
    experiment = discovery.load(request.file, request.class_name)
    session = _Session(request, datasets, experiment, termination or Termination())
    session.open(folder, device_db, path, truth)
    return session.run()


class _Session:
    """One run of one experiment class."""

    def __init__(
        self,
        request: Request,
        datasets: DatasetManager,
        experiment: type,
        termination: Termination,
    ) -> None:
        self.request = request
        self.datasets = datasets
        self.experiment = experiment
        self.termination = termination
        self.seeds = {} if request.seed is None else {"seed": request.seed}
        self.arguments = ArgumentManager(
            request.arguments, self.seeds, request.interactive
        )
        self.start_time = time.time()
        self.run_time = math.nan
        self.error: BaseException | None = None

    def open(
        self,
        folder: results.ResultsFolder,
        device_db: dict[str, Any],
        device_db_path: Path | None,
        truth: dict[str, Any],
    ) -> None:
        """Take a run number, and make the surroundings of the experiment."""
        self.rid = folder.new_rid()
        self.path = folder.path(self.rid, self.experiment.__name__, self.start_time)
        self.truth = truth
        plant: dict[str, Any] = dict(self.seeds)
        if self.request.twin:
            plant["truth"] = truth
        self.expid = {
            "devarg_override": {devices.PLANT: plant} if plant else {},
            "log_level": logging.getLogger().getEffectiveLevel(),
            "class_name": self.experiment.__qualname__,
            "arguments": self.arguments.expid,
            "file": str(self.request.file.resolve()),
        }
        scheduler = Scheduler(self.rid, self.expid, self.termination, self.path.parent)
        virtual = {"scheduler": scheduler, "ccb": CCB()}
        overrides = {devices.PLANT: plant | {"history": self.request.history}}
        self.devices = devices.DeviceManager(devices.DeviceDB(device_db), virtual)
        self.devices.devarg_override = overrides
        self.origin = {
            "versions": provenance.versions(),
            "git": provenance.git_state(self.request.file),
            "device_db_sha256": provenance.sha256(device_db_path),
        }

    def run(self) -> Outcome:
        """Go through the phases; always close the devices."""
        self.termination.core = lambda: self.devices.active("core")
        try:
            instance = self._attempt(self._build)
            if instance is not None:
                self._attempt(instance.prepare)
            if self.error is not None or self.termination.requested:
                return self._outcome(self._refusal(), None)
            written = self._run_and_write(instance)
            return self._outcome(self.status, written)
        finally:
            self.devices.close_devices()

    def _build(self) -> Any:
        managers: tuple[Any, ...] = (self.devices, self.datasets, self.arguments, {})
        instance = self.experiment(managers)
        self.arguments.check_unprocessed_arguments()
        return instance

    def _run_and_write(self, instance: Any) -> Path | None:
        """Return where the results are, None where they could not be written."""
        self.run_time = time.time()
        made = backend.devices_of(self.devices)
        found = backend.ask({**made, "host": self}).backend
        # Whatever they say: what runs here is no hardware.
        self._backend = backend.DOUBTFUL if found == backend.HARDWARE else found
        self._attempt(instance.run)
        self._attempt(self.devices.notify_run_end)
        if self.error is None:
            self._attempt(instance.analyze)
        try:
            self.datasets.flush()
        except ResultsError as error:
            self._keep(error)
        try:
            return self._store()
        except ResultsError as error:
            if self.error is not None:
                logger.error("before that: %s", _sentence(self.error))
            self.error = error
            return None
        finally:
            if self._journal is not None:
                release(self._journal)

    def _store(self) -> Path:
        """Write the results, in the second folder if the first takes none.

        Raises
        ------
        ResultsError
            They could not be written; what was measured is in the journal.
        """
        journal = self._journal
        failed = []
        for path in self._places():
            try:
                self._write(path, journal)
            except ResultsError as error:
                failed.append(str(error))
                continue
            if path != self.path:
                logger.error("results are in %s; %s", path, "; ".join(failed))
            if journal is not None:
                release(journal)  # Windows removes nothing that is open
                with suppress(OSError):
                    discard(journal)
            return path
        kept = (
            f"what was measured is in {journal}: make room, then `ccqed recover "
            f"{journal}`"
        )
        raise StorageError("; ".join([*failed, kept if journal else "it is lost"]))

    def _places(self) -> Iterator[Path]:
        """Return where the results may go, one after the other."""
        folder = self.path.parent
        there = folder.is_dir()
        if there:
            yield self.path
        with suppress(StorageError):  # of a second folder that is no better
            second = spare()
            if second is not None:
                yield unused(second, self.path.stem, self.path.suffix)
        if not there:
            self._keep(StorageError(f"{folder} was removed; it is made again"))
            folder.mkdir(parents=True, exist_ok=True)
            yield self.path

    def _attempt(self, phase: Callable[[], Any]) -> Any:
        """Call the experiment's code; keep the first thing it raises."""
        try:
            with self.termination.interruptible():
                return phase()
        except BaseException as error:  # results are due whatever it raises
            self._keep(error)
            return None

    def _keep(self, error: BaseException) -> None:
        if self.error is None:
            self.error = error
        else:
            logger.error("also at the end of the run: %r", error)

    @property
    def status(self) -> Ending:
        """Return how a run that had begun ended."""
        error = self.error
        if isinstance(error, KeyboardInterrupt):
            return Ending.interrupted
        stopped = error is None and self.termination.seen
        if stopped or isinstance(error, TerminationRequested):
            return Ending.terminated
        if error is None:
            return Ending.ok
        stored = not isinstance(error, ResultsError)
        return Ending.failed if stored else Ending.storage_failed

    def _refusal(self) -> Ending:
        """Return how a run ended of which only build and prepare were tried."""
        if self.error is None:
            return Ending.terminated
        if isinstance(self.error, CcqedError | DefaultMissing):
            return Ending.bad_input
        return self.status

    def _minimum_slack(self) -> float | None:
        return getattr(self.devices.active("core"), "minimum_slack", None)

    def _slack(self) -> dict[str, Any]:
        """Return the slack forecast as stored: smallest, where, and by kernel."""
        core, slack = self.devices.active("core"), self._minimum_slack()
        kernels = getattr(core, "slack_by_kernel", {})
        return {
            "minimum_slack": math.nan if slack is None else float(slack),
            "minimum_slack_place": getattr(core, "minimum_slack_place", ""),
            "slack_by_kernel": described(
                {
                    name: {"slack": low.slack_mu * core.ref_period, "place": low.place}
                    for name, low in kernels.items()
                }
            ),
        }

    @property
    def _journal(self) -> Path | None:
        """Return where the rows are that are no datasets, if the run says so."""
        name, folder = (
            self.datasets.local.get(f"{JOURNAL}.{what}") for what in ("name", "folder")
        )
        path = Path(str(folder)) / str(name)
        return path if name and path.is_file() else None

    def _write(self, path: Path, journal: Path | None) -> None:
        roots = {
            "artiq_version": artiq.__version__,
            "rid": self.rid,
            "start_time": self.start_time,
            "run_time": self.run_time,
            "expid": pyon.encode(self.expid),
        }
        contents = results.Contents(
            self.datasets.groups, roots, self._extra(self.status), journal
        )
        for refusal in results.write(path, contents):
            logger.error("left out of %s: %s", path.name, refusal)

    def _extra(self, status: str) -> dict[str, Any]:
        plant = self.devices.active(devices.PLANT)
        seeds = {
            "experiment": self.arguments.resolved.get("seed"),
            "plant": getattr(plant, "seed", self.request.seed),
        }
        return {
            "status": str(status),
            "exception": _sentence(self.error),
            "traceback": _traceback(self.error),
            "backend": self._backend,
            "arguments": described(self.arguments.resolved),
            "seeds": described(seeds),
            "truth": described(getattr(plant, "truth", self.truth)),
            **self._slack(),
            "start": _iso(self.start_time),
            "stop": _iso(time.time()),
            **self.origin,
        }

    def _outcome(self, status: Ending, path: Path | None) -> Outcome:
        return Outcome(
            self.experiment.__name__,
            status,
            self.error,
            path,
            self._minimum_slack(),
            self.datasets,
            self.devices.active("core"),
            self.devices.active(devices.PLANT),
        )


def _truth(request: Request, device_db: dict[str, Any]) -> dict[str, Any]:
    """Return the plant's truth, every value, with the changes that were asked for."""
    options, asked = devices.plant_options(device_db), request.twin
    changes = asked if isinstance(asked, Mapping) else options.parse(asked)
    return options.resolve(changes)


def _iso(seconds: float) -> str:
    zone = datetime.UTC
    return datetime.datetime.fromtimestamp(seconds, zone).isoformat()


def _sentence(error: BaseException | None) -> str:
    if error is None:
        return ""
    message = str(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _traceback(error: BaseException | None) -> str:
    return "" if error is None else "".join(traceback.format_exception(error))
