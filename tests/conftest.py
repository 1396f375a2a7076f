"""Every test may import `artiq`: the installed one, or the embedded stand-in."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from sim_backend.host import ensure_artiq

ensure_artiq()

# A busy machine makes drawing examples slow; that says nothing about the code.
settings.register_profile(
    "ccqed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ccqed")

# Tables fold at the width of the terminal that happens to run the tests.
os.environ["COLUMNS"] = "200"
