"""What shots of pumped ensembles show of geometry."""

from __future__ import annotations

from ..holograms import HologramRecord
from ..records import row


class CentreRecord(HologramRecord):
    """Shots of which the light's centre of mirror symmetry is known."""

    centre = row("2", "float64", "of mirror symmetry of the light, in the frame", "um")
    symmetry = row("", "float64", "share of the light that is symmetric about it")


class PlacesRecord(HologramRecord):
    """Shots of which it is known where the light of each ensemble comes from."""

    places = row(
        "N 2", "float64", "of the ensembles in the frame, by their light", "um"
    )


class SizesRecord(HologramRecord):
    """Shots of which it is known how large the clouds are."""

    sizes = row("2", "float64", "rms, of the clouds and of their spots", "um")
