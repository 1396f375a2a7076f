"""A network driver as experiments have it: its failures say whose they are."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ccqed_ctrl.errors import CcqedError, DeviceError, restored


class Controller:
    """The methods of a network driver, by the name it has in the device database.

    Errors of this tree come as themselves, also over the network. Where nobody answers,
    or no more, a DeviceError names the controller.
    """

    def __init__(self, name: str, driver: Any) -> None:
        self._name, self._driver = name, driver

    def __getattr__(self, method: str) -> Callable[..., Any]:
        target = getattr(self._driver, method)

        @functools.wraps(target)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return target(*args, **kwargs)
            except CcqedError:
                raise
            except Exception as error:  # sipyco need not be there for its class
                if known := restored(error):
                    raise known from error
                if not isinstance(error, (OSError, EOFError)):
                    raise
                raise DeviceError(
                    f"{self._name}: its controller is gone ({error}); does it run?"
                ) from error

        return call
