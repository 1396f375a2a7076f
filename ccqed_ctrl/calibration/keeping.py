"""What an experiment rests on, and what it keeps if it is a calibration."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from artiq.experiment import HasEnvironment

from ..arguments import arguments
from ..belief import DEVICE, Belief
from ..errors import CalibrationError
from ..quantities import Parameters, quantity
from ..records import Entry
from .finding import Finding, concluded, remembered
from .graph import GRAPH, Status, ancestors, refusal, statuses
from .record import Record, history_key, key

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Keeping(Parameters):
    """What becomes of what a calibration finds."""

    believe: bool = quantity(True, "keep what is found: later runs are planned with it")


class Calibrations:
    """What an experiment rests on and, if it is a calibration itself, what it keeps.

    Parameters
    ----------
    experiment : HasEnvironment
        Whose `build` this is called from.
    name : str
        Of the calibration that it is; empty: none.

    statuses: how all calibrations were when the belief was read.
    """

    def __init__(self, experiment: HasEnvironment, name: str = "") -> None:
        if name and name not in GRAPH:
            raise CalibrationError(
                f"no calibration is called {name!r}; there are {', '.join(GRAPH)} "
                "(ccqed_ctrl/calibration/graph.py)"
            )
        self._experiment, self._name = experiment, name
        self._laboratory = experiment.get_device(DEVICE)
        self._keeping = arguments(experiment, Keeping, "Run") if name else None
        self.statuses: dict[str, Status] = {}
        self._records: Mapping[str, Record] = {}

    @property
    def keeps(self) -> bool:
        """Whether what is found is for later runs to know."""
        return self._keeping is not None

    @property
    def moved(self) -> bool:
        """Whether a calibration has found something since the belief was read."""
        now: Belief = self._laboratory.belief(self._get)
        return now.records != self._records

    def belief(self, stale: bool) -> Belief:
        """Return what is believed now.

        Raises
        ------
        CalibrationError
            Calibrations that this rests on do not hold, and it is not `stale` that is
            asked for. A calibration rests on those that it needs, others on all.
        """
        believed: Belief = self._laboratory.belief(self._get)
        self._records = believed.records
        self.statuses = statuses(believed.records, datetime.now(UTC))
        needed = ancestors(self._name) if self._name else self.statuses
        refused = refusal(self.statuses, needed)
        if refused and not stale:
            raise CalibrationError(refused)
        if refused:
            logger.warning("%s", refused)
        return believed

    def conclude(self, summary: Mapping[Entry, Any], rid: int) -> None:
        """Keep what a run has found, if it is a calibration and to be believed."""
        if self._keeping is None or not self._keeping.collect().believe:
            return
        finding = Finding.of(self._name, summary)
        time = datetime.now(UTC).isoformat(timespec="seconds")
        stored = {of: self._get(key(of)) for of in GRAPH[self._name].gives}
        before = {of: Record.of(it) for of, it in stored.items() if it is not None}
        used = {need: self.statuses[need].id for need in GRAPH[self._name].needs}
        records, event = concluded(self._name, finding, before, used, rid, time)
        for of, record in records.items():
            self._put(key(of), record.to_dict())
        past = self._get(history_key(self._name))
        self._put(history_key(self._name), remembered(past, event))
        if event.event == "refused":
            logger.error("%s changes nothing: %s", self._name, event.why)
        else:
            logger.info("%s: %s", self._name, event.event)

    def _get(self, name: str) -> Any:
        return self._experiment.get_dataset(name, None, archive=False)

    def _put(self, name: str, value: Any) -> None:
        options = {"broadcast": True, "persist": True, "archive": False}
        self._experiment.set_dataset(name, value, **options)
