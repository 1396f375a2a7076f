"""Gates an experiment passes before it meets hardware: scan, lint, dry run, compile."""

import sim_backend.host  # noqa: F401 (makes `artiq` importable)
