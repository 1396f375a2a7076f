"""What every device on an RTIO channel of its own is."""

from __future__ import annotations

from typing import Any

from .core import Core


class OneChannel:
    """A device on one RTIO channel."""

    core: Core
    channel: int

    @staticmethod
    def get_rtio_channels(channel: int, **kwargs: Any) -> list[tuple[int, str | None]]:
        """Return the RTIO channels of such a device."""
        del kwargs
        return [(channel, None)]
