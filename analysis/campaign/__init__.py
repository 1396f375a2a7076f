"""Campaigns: a function over a grid of parameters, resumable, the same everywhere.

    study = Study("basins", basin, {"size": [100, 200], "dynamics": ["sd", "0tmh"]},
                  seeds=40)
    results = run(study, "campaign.sqlite", engine=Processes())
    results.array("basin").mean(axis=-1)

See docs/campaigns.md.
"""

from .cluster import Cluster
from .engines import Engine, Processes, in_process
from .options import engine_of
from .results import Results
from .runner import load, run
from .store import Store, open_store
from .study import Study, Task
from .work import Outcome

__all__ = [
    "Cluster",
    "Engine",
    "Outcome",
    "Processes",
    "Results",
    "Store",
    "Study",
    "Task",
    "engine_of",
    "in_process",
    "load",
    "open_store",
    "run",
]
