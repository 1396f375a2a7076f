"""Settings of tweezers by slmsuite's simulated modulator."""

from __future__ import annotations

FOCAL = 8e-3
SETTINGS = {
    "slm": "simulated:SimulatedSLM",
    "wavelength": 0.85e-6,
    "focal_length": FOCAL,
    "resolution": (256, 256),
    "pitch_um": (12.5, 12.5),
}
