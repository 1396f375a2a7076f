"""The laboratory's device database, on a twin whose dynamics cost least.

One in a process of its own has a truth of its own.
"""

import os
import runpy
from pathlib import Path

from sim_backend.ddb import TWIN, simulate

_ours = Path(__file__).parents[1] / "device_db.py"
device_db = runpy.run_path(str(_ours))["device_db"]
simulate(device_db, plant="sim_backend.laboratory")
if not os.environ.get(TWIN):
    device_db["plant"]["arguments"]["truth"] = {"dynamics": "steepest_descent"}
