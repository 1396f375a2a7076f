"""The shots of any experiment: planned, taken, judged and stored, once for all.

An experiment declares its arguments as handles, and gives `Shots` what is its own: the
record of its datasets, the sequence that takes a shot, and from `prepare` on the
functions that plan a point and read a shot. A shot is taken for every row; the rows of
a scan's first point come first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from artiq.experiment import HasEnvironment, TerminationRequested

from . import resuming, scans
from .arguments import Arguments, arguments
from .calibration.keeping import Calibrations
from .ending import Ending, Verdict
from .errors import DeviceTimeoutError, MissingDataError, StorageError
from .journal import Journal, begin
from .params import Run
from .records.journalled import JournalWriter
from .records.shots import Reading, Rows, ShotRecord
from .records.writing import row_bytes
from .report import Report
from .storage import check_room, hold
from .threads import one_thread

logger = logging.getLogger(__name__)


class ShotPlan(Protocol):
    """One shot: what is known of it before it is taken."""

    @property
    def rows(self) -> Rows:
        """What is planned for it, to be stored."""


class Plan(Protocol):
    """One point of a run: what its shots have in common, and the shots.

    One with a mapping `sizes` tells those of axes that raw data alone have, so that a
    disk too small for the run is known before it begins.
    """

    @property
    def planned(self) -> Rows:
        """What is stored once."""

    @property
    def shots(self) -> Sequence[Any]:
        """The `ShotPlan`s, in order."""


class ShotSequence(Protocol):
    """What takes shots: kernels, and the slow devices around them."""

    def arrange(self, plan: Any, *, afresh: bool) -> None:
        """Set everything up for a point; `afresh`: others may have used the devices."""

    def take(self, plan: Any, shot: Any) -> Rows:
        """Take one shot; return its raw data.

        Raises
        ------
        DeviceTimeoutError
            The data are not whole: the shot may be taken again.
        """

    def make_safe(self) -> None:
        """Switch everything off, whatever happened before."""


class Reader(Protocol):
    """What makes numbers of raw data, at one point."""

    @property
    def planned(self) -> Rows:
        """What is known of the reading before the first shot."""

    def read(self, shot: Any, raw: Rows) -> Reading:
        """Read one shot."""


@dataclass(frozen=True)
class _Row:
    point: int
    plan: Any
    reader: Any
    shot: Any


class Shots:
    """All shots of one run.

    Parameters
    ----------
    experiment : HasEnvironment
        Whose `build` this is called from; it gets the arguments of `Run`.
    record : type
        Where the results are declared.
    sequence : ShotSequence
    reopen : callable
        Opens an earlier run by its number or file, to go on with it.
    calibrates : str, optional
        The calibration of `calibration.graph` that this is: what its summary finds is
        kept, and only what that rests on has to hold.
    usual : Run, optional
        Other default settings.
    """

    def __init__(
        self,
        experiment: HasEnvironment,
        record: type[ShotRecord],
        sequence: ShotSequence,
        reopen: Callable[[str], AbstractContextManager[resuming.Earlier]],
        calibrates: str = "",
        usual: Run | None = None,
    ) -> None:
        self.record = record
        self.sequence = sequence
        self._experiment = experiment
        self._reopen = reopen
        self._core = experiment.get_device("core")
        self._scheduler = experiment.get_device("scheduler")
        self._ccb = experiment.get_device("ccb")
        self._run = arguments(experiment, Run, "Run", default=usual)
        self._calibrations = Calibrations(experiment, calibrates)
        self._rows: list[_Row] = []
        self._watched = any(e.applet and e.is_summary for e in record.entries())
        self._lasting: set[Verdict] = set()
        self._last = Verdict.ok
        self._summed_up = False
        self.done = 0

    @one_thread()
    def plan(
        self,
        make: Callable[..., Plan],
        read: Callable[..., Reader],
        **handles: Arguments[Any],
    ) -> None:
        """Plan the whole run; whatever cannot work is refused here. In `prepare()`.

        Parameters
        ----------
        make : callable
            `make(**groups, apparatus=, run=, first=, previous=)` plans one point:
            `groups` as named by the handles, what is believed, the run's settings, the
            number of the point's first row, and the plan of the point before or None.
        read : callable
            `read(plan, previous)` makes the reader of a point.
        handles : Arguments
            By the name of their group, scans and all.
        """
        self._asked = make, read, handles
        self._plan()

    def _plan(self) -> None:
        """Plan what was asked for with what is believed now."""
        make, read, handles = self._asked
        run = self._run.collect()
        if run.resume:
            with self._reopen(run.resume) as earlier:
                for group, handle in handles.items():
                    handle.scans = {
                        name: resuming.in_order(earlier, f"{group}.{name}", values)
                        for name, values in handle.scans.items()
                    }
        believed = self._calibrations.belief(run.stale)
        spanned = scans.product(handles, believed)
        plan, reader, plans = None, None, []
        for number, point in enumerate(spanned.points):
            first = number * run.shots
            plan = make(
                **point.chosen, apparatus=point.apparatus, run=run, first=first,
                previous=plan,
            )  # fmt: skip
            reader = read(plan, reader)
            plans.append((plan, reader))
        self._rows = [
            _Row(number, plan, reader, shot)
            for number, (plan, reader) in enumerate(plans)
            for shot in plan.shots
        ]
        self._retries = run.repeats
        planned = [{**plan.planned, **reader.planned} for plan, reader in plans]
        self._report = Report(
            self._experiment, self.record, run, believed, spanned, planned,
            self._calibrations.statuses,
        )  # fmt: skip
        self._check_room(plan)
        self._resume = run.resume
        if run.resume:
            wanted = [row.point for row in self._rows]
            with self._reopen(run.resume) as earlier:
                resuming.check(earlier, self._report.values, wanted)

    @one_thread()
    def run(self) -> None:
        """Take the shots; every ending leaves the apparatus safe. In `run()`.

        A termination is an ending like others: nothing is raised. A summary that an
        applet shows is worked out after each shot. ARTIQ prepares a run while the one
        before is still going on: what that has found meanwhile is planned with now.
        """
        if self._calibrations.moved:
            logger.info("planned again: a calibration has found something meanwhile")
            self._plan()
        with self._begin_journal() as journal:
            self._writer = JournalWriter(self._experiment, journal)
            self._report.open(self._writer, journal, len(self._rows), self._core)
            self._report.show(self._ccb)
            try:
                self._live_through()
            finally:
                try:
                    self._writer.finish()
                finally:
                    self._report.finish()
                    self._hold(journal.path)
        # The next run may begin before this one is analysed.
        if self._calibrations.keeps:
            self.summarise()

    def _hold(self, journal: Path) -> None:
        """Let nobody recover the journal: what ARTIQ writes is still to come."""
        with suppress(OSError):  # it is gone, which was said
            hold(journal)

    def _live_through(self) -> None:
        """Take all shots; make the apparatus safe and say how it ended."""
        ending = Ending.failed
        try:
            self._keep()
            self._take_all()
            ending = Ending.ok
        except TerminationRequested:
            ending = Ending.terminated
            logger.info("terminated after %d of %d shots", self.done, len(self._rows))
        except StorageError:
            ending = Ending.storage_failed
            raise
        except KeyboardInterrupt:
            # In a long kernel a wish to end comes as this.
            ending = self._interrupted()
            if ending is Ending.interrupted:
                raise
        finally:
            try:
                self.sequence.make_safe()
            except BaseException:
                ending = Ending.failed
                raise
            finally:
                self._report.close(ending, self._core)

    @one_thread()
    def summarise(self) -> None:
        """Store the record's summary of all finished shots. In `analyze()`."""
        if self.done and not self._summed_up:
            self._summed_up = True
            found = self.record(self._writer).summarise()
            summary = {e: value for e, value in found.items() if e.is_summary}
            self._writer.store(summary, broadcast=self._watched)
            self._calibrations.conclude(summary, self._scheduler.rid)

    def _take_all(self) -> None:
        arranged = None
        for row in self._rows[self.done :]:
            if self._pause():
                arranged = None
            if arranged is not row.plan:
                self.sequence.arrange(row.plan, afresh=arranged is None)
                arranged = row.plan
            verdict = self._finish(row)
            if self._spoils(verdict):
                said = "shot %d is kept, the next is set up afresh: %s"
                logger.warning(said, self.done, verdict.meaning)
                arranged = None
            self.done += 1
            self._report.progress(self.done)

    def _spoils(self, verdict: Verdict) -> bool:
        """Whether the next shot is set up afresh; what that did not help lasts.

        Of a device that failed it is all the same: a lock or a load that was unlucky as
        often as a shot is repeated may be well the next time, and what lasted is over.
        """
        if verdict is Verdict.ok:
            self._lasting.clear()
        elif verdict is self._last:
            self._lasting.add(verdict)
        self._last = verdict
        return verdict.again or (
            verdict is not Verdict.ok and verdict not in self._lasting
        )

    def _check_room(self, plan: Any) -> None:
        """Refuse a run that its disk cannot hold."""
        sizes = getattr(plan, "sizes", {})
        size = row_bytes(self.record.entries(), self._report.values, sizes)
        check_room(self._folder, len(self._rows), size)

    def _begin_journal(self) -> Journal:
        """Begin the journal beside where the results will be."""
        name = f"{self._scheduler.rid:09d}-{type(self._experiment).__name__}"
        return begin(self._folder, name)

    @property
    def _folder(self) -> Path:
        # ARTIQ's worker is in the folder of its results; the embedded host says.
        return Path(getattr(self._scheduler, "folder", Path.cwd()))

    def _interrupted(self) -> Ending:
        asked = self._scheduler.check_pause()
        return Ending.terminated if asked else Ending.interrupted

    def _keep(self) -> None:
        """Begin with what an earlier run has finished."""
        if not self._resume:
            return
        with self._reopen(self._resume) as earlier:
            for rows in resuming.finished(earlier, self.record):
                self._writer.append(rows)
                self.done += 1
        self._report.progress(self.done)

    def _pause(self) -> bool:
        """Let others run who are due; return whether any may have."""
        if not self._scheduler.check_pause():
            return False
        self._core.comm.close()
        self._scheduler.pause()
        return True

    def _finish(self, row: _Row) -> Verdict:
        """Take a shot until the devices did what they should, or often enough.

        What the light says of the atoms is a result: drawing another until it pleases
        would bias whatever is made of it.
        """
        rejected: list[Verdict] = []
        while True:
            last = len(rejected) >= self._retries
            try:
                raw, reading = self._take(row)
            except DeviceTimeoutError as error:
                if last:
                    raise
                missing = isinstance(error, MissingDataError)
                verdict = Verdict.missing_frames if missing else Verdict.timeout
                logger.warning("shot %d is taken again: %s", self.done, error)
            else:
                verdict = reading.verdict
                if last or not verdict.again or verdict in self._lasting:
                    break
                logger.warning("shot %d is taken again: %s", self.done, verdict.meaning)
            rejected.append(verdict)
            self._pause()
            self.sequence.arrange(row.plan, afresh=True)
        if rejected and {*rejected} == {verdict}:
            self._lasting.add(verdict)
        self._store(row, raw, reading, rejected)
        return verdict

    def _take(self, row: _Row) -> tuple[Rows, Reading]:
        """Take and read a shot; the raw data are on disk before they are read."""
        raw = self.sequence.take(row.plan, row.shot)
        self._writer.keep(raw)
        return raw, row.reader.read(row.shot, raw)

    def _store(
        self, row: _Row, raw: Rows, reading: Reading, rejected: list[Verdict]
    ) -> None:
        record = self.record
        self._writer.append(
            {
                **raw,
                record.point: row.point,
                record.attempts: len(rejected) + 1,
                record.rejected: "; ".join(rejected),
                record.verdict: str(reading.verdict),
                **row.shot.rows,
                **reading.rows,
            }
        )
        if reading.shown:
            self._writer.show(reading.shown)
        if self._watched:
            self._writer.show(self.record(self._writer).summarise())
