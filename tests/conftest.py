"""Every test may import `artiq`: the installed one, or the embedded stand-in."""

from __future__ import annotations

from sim_backend.artiq_host import ensure_artiq

ensure_artiq()
