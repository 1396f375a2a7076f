"""The former name of `sipyco.tools`."""

import warnings

from sipyco.tools import (  # noqa: F401
    AsyncioServer,
    SignalHandler,
    TaskObject,
    atexit_register_coroutine,
)

warnings.warn(
    "sipyco.asyncio_tools is deprecated: sipyco.tools", DeprecationWarning, stacklevel=2
)
