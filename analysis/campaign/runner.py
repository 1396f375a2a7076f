"""Running a study: what is missing in the store is computed, stored, and read back."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.progress import TimeRemainingColumn as Remaining

from ccqed_ctrl.errors import CcqedError

from .engines import Engine, in_process
from .results import Results
from .store import Store, expecting, open_store, usual_names
from .study import Study, Task
from .work import Outcome

logger = logging.getLogger(__name__)


def run(
    study: Study,
    store: Path | str,
    *,
    engine: Engine = in_process,
    progress: bool = False,
    stop_at_error: bool = False,
) -> Results:
    """Compute the tasks of a study that the store lacks; return all results.

    Each finished task is stored at once: an interrupt, or a kill at any instant, costs
    only what was running. Failed tasks are recorded, do not stop the others, and are
    tried again by the next run, as are results that were damaged in the store. Results
    do not depend on the engine, on the number of workers, nor on what ran when.

    Parameters
    ----------
    study : Study
    store : path
        Of an SQLite file, made if there is none; may hold many studies.
    engine : Engine
        `in_process`, `Processes(n)` or `Cluster(...)`.
    progress : bool
        Show a bar with the time left, estimated from what this run has finished.
    stop_at_error : bool
        Raise at the first failing task instead.

    Raises
    ------
    ResultsError
        The store or the cluster fails.
    CcqedError
        Every task failed; or one did, with `stop_at_error`.
    """
    with open_store(store) as opened:
        stored = opened.outcomes(study)
        missing, names = _missing(study, opened, stored), usual_names(stored.values())
        with (
            _bar(study, len(missing), progress) as advance,
            closing(engine(study, missing)) as outcomes,
        ):
            for returned in outcomes:
                outcome = expecting(returned, names)
                names = names or usual_names([outcome])
                opened.add(study, outcome)
                advance()
                if outcome.values is None:
                    logger.warning("%s", _said(study, outcome))
                    if stop_at_error:
                        raise CcqedError(_said(study, outcome))
        results = Results(study, opened.outcomes(study))
    if results.failures and not results.finished:
        first = _said(study, results.failures[0])
        raise CcqedError(
            f"all {len(results.failures)} tasks failed; the first: {first}"
        )
    return results


def _said(study: Study, failed: Outcome) -> str:
    task = failed.task
    return f"{study.name} {dict(task.point)}, seed {task.seed}: {failed.error}"


def load(store: Path | str, study: Study) -> Results:
    """Return what a store holds of a study, computing nothing.

    Damaged results are among the failures.

    Raises
    ------
    ResultsError
        The store cannot be read.
    """
    with open_store(store) as opened:
        return Results(study, opened.outcomes(study))


def _missing(study: Study, store: Store, stored: Mapping[str, Outcome]) -> list[Task]:
    """Return the tasks to do, and say what was found."""
    for lost in store.forget(study, stored.values()):
        logger.warning("computed again: %s", _said(study, lost))
    tasks = list(study.tasks())
    finished = {key for key, found in stored.items() if found.values is not None}
    missing = [task for task in tasks if task.key not in finished]
    done = len(tasks) - len(missing)
    if done:
        logger.info("%s: %d of %d tasks are stored", study.name, done, len(tasks))
    former = store.former(study)
    if former and not finished:
        logger.warning(
            "%s: version, code, root seed or pairing changed; %d results of the former "
            "stay in the store but are not used",
            study.name,
            former,
        )
    return missing


@contextmanager
def _bar(study: Study, missing: int, shown: bool) -> Iterator[Callable[[], None]]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    times = Elapsed(), TextColumn("left"), Remaining()
    bar = Progress(
        *columns, *times, console=Console(stderr=True), disable=not shown,
        speed_estimate_period=3600.0,
    )  # fmt: skip
    total = math.prod(study.shape)
    with bar:
        job = bar.add_task(study.name, total=total, completed=total - missing)
        yield lambda: bar.advance(job)
