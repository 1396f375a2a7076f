"""Fixtures for a laboratory's own tests of its experiments.

pytest loads this by itself where the package is installed; a test that does not ask
for a fixture pays nothing, as everything is imported on use.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sim_backend.host.rehearsal import Rehearsal


@pytest.fixture
def ccqed_run(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[..., Rehearsal]:
    """Run an experiment on the twin and look at its timeline.

    ``ccqed_run(file, class_name=None, seed=0, twin=None, **arguments)`` takes a file
    relative to pytest's root folder and the experiment's arguments in SI, and returns a
    `sim_backend.host.rehearsal.Rehearsal`. A run that fails raises what it failed with.
    """
    from sim_backend.host import rehearsal  # on use: it makes `artiq` importable

    def run(
        file: str | Path,
        /,
        class_name: str | None = None,
        seed: int = 0,
        twin: dict[str, Any] | None = None,
        **arguments: Any,
    ) -> Rehearsal:
        return rehearsal.rehearse(
            request.config.rootpath / file,
            tmp_path,
            class_name=class_name,
            seed=seed,
            twin=twin or {},
            arguments=arguments,
        )

    return run
