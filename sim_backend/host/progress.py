"""A progress bar that follows two datasets of the experiment."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from .datasets import DatasetManager

DONE, TOTAL = "progress.done", "progress.total"


class ProgressBar:
    """Shows `progress.done` of `progress.total` once the experiment sets them."""

    def __init__(self, label: str, console: Console, shown: bool) -> None:
        self._label = label
        self._task: TaskID | None = None
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            redirect_stdout=sys.stdout.isatty(),
            disable=not shown or not console.is_terminal,
        )

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def watch(self, datasets: DatasetManager) -> None:
        """Follow the datasets of a run."""

        def follow(key: str) -> None:
            if key in (DONE, TOTAL):
                self._show(datasets)

        datasets.watchers.append(follow)

    def _show(self, datasets: DatasetManager) -> None:
        values = []
        for key in (DONE, TOTAL):
            live = datasets.db.live.get(key, (False, None))
            values.append(datasets.local.get(key, live[1]))
        done, total = values
        if self._task is None:
            self._task = self._progress.add_task(self._label, total=None)
        self._progress.update(self._task, completed=done or 0, total=total)
